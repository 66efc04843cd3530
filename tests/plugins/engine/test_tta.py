import json
import pickle

import numpy as np
import pytest
import torch
from mmengine.config import Config
from PIL import Image
from torchvision.ops import batched_nms

from plugins.engine.tta import enable_tta
from tests.plugins.apis.cases import DETECTOR, roads_options
from tools import test


def test_own_views_of_a_config_are_taken():
    views = [dict(type='TestTimeAug', transforms=[])]
    cfg = Config(dict(
        default_scope='mmpretrain', model=dict(type='X'), tta_model=dict(type='Own'),
        tta_pipeline=views, custom_hooks=[dict(type='H')],
        test_dataloader=dict(dataset=dict(dataset=dict(type='D', pipeline=[dict(type='L')])))))
    enable_tta(cfg)
    assert cfg.test_dataloader.dataset.dataset.pipeline == views
    assert cfg.custom_hooks == [
        dict(type='H'), dict(type='PrepareTTAHook', tta_cfg=dict(type='Own'))]


@pytest.mark.parametrize('own, used', [
    (dict(nms=1, max_per_img=2), dict(nms=1, max_per_img=2)),
    (dict(rpn=dict(nms=0), rcnn=dict(nms=1)), dict(nms=1))])
def test_a_detectors_own_nms_merges_its_views(own, used):
    cfg = Config(dict(default_scope='mmdet', model=dict(test_cfg=own), test_dataloader={}))
    enable_tta(cfg)
    assert cfg.custom_hooks[0].tta_cfg == dict(type='DetTTAModel', tta_cfg=used)


def test_boxes_of_both_views_are_merged_at_their_places(detector, roads, tmp_path):
    """Against two plain tests, one of mirrored files, whose boxes are mirrored here."""
    mirrored = tmp_path / 'mirrored/training'
    (mirrored / 'image_2').mkdir(parents=True)
    for path in (roads / 'training/image_2').iterdir():
        Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(
            mirrored / 'image_2' / path.name)
    (mirrored / 'label_2').symlink_to(roads / 'training/label_2')

    def predictions(name, root, *argv):
        test.main([DETECTOR, str(detector), '--work-dir', str(tmp_path / name), '--out',
                   str(tmp_path / f'{name}.pkl'), *argv, '--cfg-options', *roads_options(root),
                   'model.test_cfg.conf_thr=0.5', 'model.test_cfg.max_per_img=2000'])
        return pickle.loads((tmp_path / f'{name}.pkl').read_bytes())
    plain, flipped = predictions('plain', roads), predictions('flipped', tmp_path / 'mirrored')
    merged = predictions('merged', roads, '--tta')
    assert json.loads((tmp_path / 'merged/result.json').read_text())['made_with'] == '--tta'
    for one, other, found in zip(plain, flipped, merged, strict=True):
        width = one['ori_shape'][1]
        boxes = other['pred_instances']['bboxes'].clone()
        boxes[:, [0, 2]] = width - boxes[:, [2, 0]]
        boxes = torch.cat([one['pred_instances']['bboxes'], boxes])
        scores, labels = (torch.cat([view['pred_instances'][key] for view in (one, other)])
                          for key in ('scores', 'labels'))
        kept = batched_nms(boxes, scores, labels, 0.45)
        assert 0 < len(kept) < len(boxes)
        np.testing.assert_allclose(found['pred_instances']['scores'], scores[kept], atol=1e-4)
        np.testing.assert_allclose(found['pred_instances']['bboxes'], boxes[kept], atol=.1)
        assert found['instances'] == one['instances'] and found['img_path'] == one['img_path']
