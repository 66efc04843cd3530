import pytest
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData

import plugins.detection  # noqa: F401
from plugins.detection.yolov3_head import ClippedYOLOV3Head
from plugins.paths import REPO_ROOT


@pytest.fixture(scope='module')
def head():
    cfg = Config.fromfile(REPO_ROOT / 'configs/_base_/models/yolov3_mobilenetv2_car.py').model
    options = {k: v for k, v in cfg.bbox_head.items() if k != 'type'}
    return ClippedYOLOV3Head(**options, test_cfg=cfg.test_cfg)


@pytest.mark.parametrize('rescale, scale, expected', [
    (False, (0.5, 0.5), [0, 20, 50, 40]), (True, (0.5, 0.5), [0, 40, 100, 80])])
def test_detections_end_at_the_image_not_at_the_letterbox(head, rescale, scale, expected):
    # An image of 100 x 80 (width x height) shown at half size, 50 x 40, in a 64 x 64 letterbox.
    meta = dict(ori_shape=(80, 100), img_shape=(64, 64), scale_factor=scale)
    found = InstanceData(bboxes=torch.tensor([[-7., 20., 60., 90.]]), scores=torch.ones(1),
                         labels=torch.zeros(1, dtype=torch.long), score_factors=torch.ones(1))
    result = head._bbox_post_process(found, head.test_cfg, rescale=rescale, img_meta=meta)
    assert result.bboxes.tolist() == [expected]
