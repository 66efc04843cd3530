import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config

import plugins.detection  # noqa: F401
from plugins.engine.files import REPO_ROOT
from tests.tools.model_converters.darknet_cfg import FULL, SMALL, random_weights, yolov3_cfg
from tools.model_converters.darknet_layers import classes_of, count_values, darknet53, yolov3


def test_files_have_the_published_lengths():
    # Content-Length of https://pjreddie.com/media/files/{darknet53.conv.74,yolov3.weights}; both
    # begin with 20 bytes of header.
    assert len(list(darknet53())) == 52 and len(list(yolov3())) == 75
    assert 20 + 4 * count_values(list(darknet53())) == 162_482_580
    assert 20 + 4 * count_values(list(yolov3())) == 248_007_048


@pytest.mark.parametrize('classes', [1, 80])
def test_tensors_are_mmdets(classes):
    config = Config.fromfile(REPO_ROOT / 'configs/_base_/models/yolov3_d53_car.py').model
    config.bbox_head.num_classes = classes
    with torch.device('meta'):
        state = MODELS.build(dict(config, _scope_='mmdet')).state_dict()
    found = {name: tensor.shape for name, tensor in state.items()
             if not name.endswith('num_batches_tracked')}
    tensors = [pair for layer in yolov3(classes) for pair in layer.tensors().items()]
    assert len(tensors) == len(found) == 72 * 5 + 3 * 2  # none twice
    assert dict(tensors) == found


@pytest.mark.parametrize('kind', [SMALL, FULL | {'width': 2}])  # the order hangs not on the width
def test_order_is_the_cfgs(kind):
    arrays = random_weights(yolov3_cfg(**kind, classes=4, side=64))
    layers = list(yolov3(4, **kind))
    assert [layer.shape for layer in layers] == [a['weights'].shape for a in arrays]
    assert [layer.norm for layer in layers] == ['scales' in a for a in arrays]


def test_number_of_classes_from_a_length():
    for classes in (1, 20, 80):
        values = count_values(list(yolov3(classes)))
        assert classes_of(values) == classes
        assert classes_of(values + 1) is None
    assert classes_of(count_values(list(yolov3(0)))) is None
    assert classes_of(count_values(list(darknet53()))) is None
