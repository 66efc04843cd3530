import json

import pytest
from mmdet.datasets import CocoDataset
from mmengine.config import Config

from plugins.detection.kitti_dataset import KittiDataset
from plugins.engine.files import REPO_ROOT
from tools.benchmarks.stock_detection import stock_detector, stock_pipeline, write_coco

CONFIGS = REPO_ROOT / 'configs/yolov3'


@pytest.fixture(scope='module')
def kitti(tmp_path_factory):
    from tools.misc.make_sample_data import main
    root = tmp_path_factory.mktemp('sample')
    main([str(root), '--sets', 'kitti', '--size', 'kitti=4', '--kitti-width', '256'])
    return KittiDataset(data_root=str(root / 'kitti'), test_mode=True)


def test_mmdet_reads_the_same_boxes_in_the_same_order(kitti, tmp_path):
    coco = CocoDataset(ann_file=str(write_coco(kitti, tmp_path / 'a.json')), pipeline=[],
                       metainfo=dict(classes=('car', )), data_prefix=dict(img=''))
    assert len(coco) == len(kitti) == 4
    for number in range(4):
        ours, theirs = kitti.get_data_info(number), coco.get_data_info(number)
        assert ours['img_path'] == theirs['img_path']
        assert [i['ignore_flag'] for i in ours['instances']] == [
            i['ignore_flag'] for i in theirs['instances']]
        for own, other in zip(ours['instances'], theirs['instances'], strict=True):
            assert other['bbox'] == pytest.approx(own['bbox'])


def test_the_head_becomes_mmdets_and_nothing_else_changes():
    model = Config.fromfile(
        CONFIGS / 'yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py').model.to_dict()
    stock = stock_detector(model)
    assert stock['bbox_head']['type'] == 'YOLOV3Head' and 'ignore_iof_thr' in model['bbox_head']
    assert stock['train_cfg']['assigner']['type'] == 'GridAssigner'
    assert stock['backbone'] == json.loads(json.dumps(model['backbone']))
    assert 'ignore_iof_thr' not in stock['bbox_head']


def test_report_as_loss_is_none_of_mmdets():
    model = Config.fromfile(CONFIGS / 'yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py').model
    with pytest.raises(ValueError, match="EachScaleAssigner and reduction 'mean'"):
        stock_detector(model.to_dict())


def test_stock_reads_each_image_from_its_file():
    assert stock_pipeline([dict(type='LoadCachedImage'), dict(type='RandomFlip', prob=.5)]) == [
        dict(type='LoadImageFromFile'), dict(type='RandomFlip', prob=.5)]
