"""The YOLOv3 models that the configs describe, against upstream's and the reports' figures."""
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.structures import InstanceData

import plugins.detection  # noqa: F401 (registers what the configs name)
from plugins.engine.files import REPO_ROOT

BASE = REPO_ROOT / 'configs' / '_base_' / 'models'
LEAVES = REPO_ROOT / 'configs' / 'yolov3'


def model_config(path) -> dict:
    return Config.fromfile(path).model.to_dict()


def count(model: torch.nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def batch(width: int = 320, height: int = 96) -> dict:
    boxes = torch.tensor([[40., 50, 90, 80], [200, 60, 220, 72], [300, 60, 308, 66]])
    samples = []
    for image_boxes in (boxes, boxes[:0]):  # an image without cars
        sample = DetDataSample(metainfo={
            'img_shape': (height, width), 'ori_shape': (height, width), 'scale_factor': (1, 1)})
        sample.gt_instances = InstanceData(
            bboxes=image_boxes, labels=torch.zeros(len(image_boxes), dtype=torch.long))
        samples.append(sample)
    generator = torch.Generator().manual_seed(0)
    images = [torch.randint(0, 256, (3, height, width), dtype=torch.uint8, generator=generator)
              for _ in samples]
    return {'inputs': images, 'data_samples': samples}


def test_darknet_has_the_reported_parameters():
    with torch.device('meta'):  # counts without 250 MB of weights
        config = model_config(BASE / 'yolov3_d53_car.py')
        assert count(MODELS.build(config)) == 61_523_734
        config['bbox_head']['num_classes'] = 80
        assert count(MODELS.build(config)) == 61_949_149


def test_darknet_is_mmdets_but_for_what_its_docstring_names():
    ours = model_config(BASE / 'yolov3_d53_car.py')
    upstream = get_config('mmdet::yolo/yolov3_d53_8xb8-ms-416-273e_coco.py').model.to_dict()
    assert upstream['bbox_head'].pop('num_classes') == 80
    assert upstream['bbox_head'].pop('type') == 'YOLOV3Head'
    assert ours['bbox_head'].pop('type') == 'KittiYOLOV3Head'
    assert ours['bbox_head'].pop('ignore_iof_thr') == 0.5
    # the same targets, see test_yolov3_targets.py
    assert ours['train_cfg']['assigner'].pop('type') == 'BatchGridAssigner'
    assert upstream['train_cfg']['assigner'].pop('type') == 'GridAssigner'
    assert ours['bbox_head'].pop('num_classes') == 1
    assert upstream['backbone'].pop('init_cfg')['type'] == 'Pretrained'
    assert ours['backbone'].pop('norm_eval') is False
    assert ours['data_preprocessor'].pop('non_blocking') is True
    assert ours == upstream


def test_row_a13_trains_with_report_as_loss():
    cfg = Config.fromfile(next(LEAVES.glob('yolov3_d53_scratch_*')))
    loader = cfg.train_dataloader
    assert -(-loader.dataset.indices // loader.batch_size) == 67
    head, assigner = cfg.model.bbox_head, cfg.model.train_cfg.assigner
    assert (head.obj_weight, head.noobj_weight) == (1, 100)
    bce = dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0, reduction='mean')
    assert head.loss_cls == head.loss_conf == bce
    mse = dict(type='MSELoss', loss_weight=1.0, reduction='mean')
    assert head.loss_xy == head.loss_wh == mse
    assert assigner == {'type': 'EachScaleAssigner', 'neg_iou_thr': 0.5}


@pytest.fixture(scope='module')
def light_config() -> dict:
    return model_config(BASE / 'yolov3_mobilenetv2_car.py')


def test_light_model_trains_every_parameter(light_config):
    torch.manual_seed(0)
    model = MODELS.build(light_config)
    model.init_weights()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    totals = []
    for _ in range(4):
        data = model.data_preprocessor(batch(), training=True)
        losses = model(**data, mode='loss')
        assert set(losses) == {'loss_cls', 'loss_conf', 'loss_xy', 'loss_wh'}
        total, _ = model.parse_losses(losses)
        optimizer.zero_grad()
        total.backward()
        # distributed training stops where a parameter gets none
        assert not [name for name, p in model.named_parameters() if p.grad is None]
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.95 * totals[0]


def leaf(name: str):
    return Config.fromfile(next(LEAVES.glob(f'yolov3_{name}_kitti-car-*.py')))._cfg_dict


@pytest.mark.parametrize('plain, mixed, unmixed, size', [
    ('d53_coco_1xb6-200e', 'd53-mixup_coco_1xb6-200e', 20, (416, 416)),
    ('mobilenetv2_imagenet_1xb4-30e', 'mobilenetv2-mixup_imagenet_1xb4-30e', 5, (640, 192))])
def test_mixup_is_all_that_differs_and_ends_before_training_does(plain, mixed, unmixed, size):
    plain = Config.fromfile(next(LEAVES.glob(  # of the same input size
        f'yolov3_{plain}_kitti-car-{"416px" if size == (416, 416) else "640x192"}.py')))._cfg_dict
    mixed = leaf(mixed)
    data = mixed.train_dataloader.dataset
    assert data.type == 'MultiImageMixDataset'
    blend = data.pipeline.pop(0)
    assert blend.pop('type') == 'MixUp'
    assert blend == dict(img_scale=size, ratio_range=(1.0, 1.0), pad_val=0)
    inner = data.dataset.to_dict()
    inner['pipeline'] += data.pipeline
    mixed.train_dataloader.dataset = inner
    switch = mixed.default_hooks.pop('end_of_mixup')
    # the hook's condition, which counts epochs from 0, switches an epoch early
    assert mixed.train_cfg.max_epochs - switch.num_last_epochs - 1 \
        == mixed.train_cfg.max_epochs - unmixed
    assert mixed.to_dict() == plain.to_dict()


def test_mixup_keeps_boxes_and_ignored_regions_of_both_images(kitti_root):
    from mmdet.registry import DATASETS
    config = leaf('mobilenetv2-mixup_imagenet_1xb4-30e').train_dataloader.dataset
    config.dataset.update(data_root=str(kitti_root), split=None, part=None)
    mixture = DATASETS.build(config)
    for index in range(len(mixture)):
        before = mixture.dataset[index]
        sample = mixture[index]['data_samples']
        own = len(before['gt_bboxes'])
        assert len(sample.gt_instances) + len(sample.ignored_instances) > own
        assert sample.img_shape == before['img_shape']


def test_three_classes_have_kittis_neighbours(kitti_root):
    from mmdet.registry import DATASETS
    [path] = LEAVES.glob('*kitti-3class*.py')
    config = Config.fromfile(path)
    assert config.model.bbox_head.num_classes == 3
    for loader in ('train', 'val', 'test'):
        dataset = config[f'{loader}_dataloader'].dataset
        dataset.update(data_root=str(kitti_root), split=None, part=None)
        dataset = DATASETS.build(dataset)
        assert {(one['type'], one['bbox_label'], one['ignore_flag']) for index in range(3)
                for one in dataset.get_data_info(index)['instances']} == {
            ('Car', 0, 0), ('Van', 0, 1), ('Pedestrian', 1, 0), ('Person_sitting', 1, 1),
            ('Cyclist', 2, 0), *(('DontCare', label, 1) for label in range(3))}


def test_row_a14_may_be_stopped_at_175_epochs_and_resumed_to_200():
    from plugins.engine.config_keys import resolved_keys
    from plugins.engine.experiment import check_resumed
    from plugins.engine.session import load_config
    path = str(next(LEAVES.glob('yolov3_d53_coco_*416px.py')))
    begun, whole = load_config(path, ['train_cfg.max_epochs=175']), load_config(path)
    assert (begun.train_cfg.max_epochs, whole.train_cfg.max_epochs) == (175, 200)
    assert not whole.get('param_scheduler')  # a schedule of 175 epochs would be another
    check_resumed('epoch_175.pth', resolved_keys(begun), resolved_keys(whole))
