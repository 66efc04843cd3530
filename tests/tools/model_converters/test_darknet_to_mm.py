"""Against OpenCV, whose dnn module reads Darknet's cfg and weights itself.

Most tests use a YOLOv3 with a hundredth of the weights and 3 classes; those marked slow take
files of the published lengths through the command line.
"""
import struct
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from torch import Tensor, nn

import plugins.detection  # noqa: F401
from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.files import REPO_ROOT
from tests.tools.model_converters.darknet_cfg import (
    FULL,
    SMALL,
    random_weights,
    write_cfg,
    write_weights,
    yolov3_cfg,
)
from tools.model_converters.checkpoint_file import write_checkpoint
from tools.model_converters.darknet_to_mm import BACKBONE, convert, main, tensor_shapes

SIDE, CLASSES = 64, 3
PUBLISHED = {BACKBONE: 162_482_580, 'yolov3.weights': 248_007_048}
TOLERANCE = 1e-5  # of the largest output
MMDET_EPSILON = 1e-5


def build(kind: dict[str, Any] = SMALL, classes: int = CLASSES, **options: Any) -> nn.Module:
    """The config's YOLOv3, of this kind and number of classes, in eval mode."""
    config = Config.fromfile(REPO_ROOT / 'configs/_base_/models/yolov3_d53_car.py')
    blocks, width = kind['blocks'], kind['width']
    wide, half = ([width * factor for factor in factors] for factors in ((32, 16, 8), (16, 8, 4)))
    config.merge_from_dict(dict(model=dict(
        neck=dict(in_channels=wide, out_channels=half),
        bbox_head=dict(num_classes=classes, in_channels=half, out_channels=wide))))
    config.merge_from_dict(dict(model=options))
    channels = list(pairwise([32, *(width * 2 ** stage for stage in (1, 2, 3, 4, 5))]))
    with patch.dict(MODELS.get('mmdet.Darknet').arch_settings, {53: (blocks, channels)}):
        return MODELS.build(dict(config.model, _scope_='mmdet')).eval()


def image() -> np.ndarray:
    return np.random.default_rng(1).random((1, 3, SIDE, SIDE), np.float32)


@torch.no_grad()
def mmdet_outputs(model: nn.Module) -> list[Tensor]:
    """The raw map of each scale, coarsest first, with the epsilon of OpenCV's batch norms."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.eps == MMDET_EPSILON
            module.eps = 1e-6
    maps, = model.bbox_head(model.neck(model.backbone(torch.from_numpy(image()))))
    return maps


def opencv_outputs(folder: Path, scales: str) -> list[Tensor]:
    """The same by OpenCV; `scales` is 'conv' for raw maps, 'yolo' for boxes."""
    net = cv2.dnn.readNetFromDarknet(str(folder / 'a.cfg'), str(folder / 'a.weights'))
    net.setInput(image())
    ends = [name for name in net.getLayerNames() if name.startswith('yolo_')]
    names = [f'{scales}_{int(name[5:]) - (scales == "conv")}' for name in ends]
    return [torch.from_numpy(output) for output in net.forward(names)]


def largest_error(found: list[Tensor], wanted: list[Tensor]) -> float:
    """Of all scales, relative to the scale's largest output."""
    assert [f.shape for f in found] == [w.shape for w in wanted]
    return max(((f - w).abs().max() / w.abs().max()).item()
               for f, w in zip(found, wanted, strict=True))


def mm_to_darknet(state: dict[str, Tensor], blocks: tuple[int, ...]) -> bytes:
    """What Darknet would save of an mmdet checkpoint, without a header."""
    names = ['backbone.conv1']
    for stage, count in enumerate(blocks, start=1):
        stage_name = f'backbone.conv_res_block{stage}'
        names += [f'{stage_name}.conv', *(f'{stage_name}.res{block}.conv{conv}'
                                          for block in range(count) for conv in (1, 2))]
    for scale in (1, 2, 3):
        names += [f'neck.conv{scale - 1}'] * (scale > 1)
        names += [f'neck.detect{scale}.conv{conv}' for conv in (1, 2, 3, 4, 5)]
        names += [f'bbox_head.convs_{part}.{scale - 1}' for part in ('bridge', 'pred')]
    parts = []
    for name in names:
        normed = ('bn.bias', 'bn.weight', 'bn.running_mean', 'bn.running_var', 'conv.weight')
        for tensor in ('bias', 'weight') if 'pred' in name else normed:
            if f'{name}.{tensor}' in state:
                parts.append(state.pop(f'{name}.{tensor}').numpy().astype('<f4').tobytes())
    assert not state
    return b''.join(parts)


def write_both(folder: Path, kind: dict[str, Any], classes: int) -> Path:
    """Write a.cfg and a.weights with random weights."""
    sections = yolov3_cfg(**kind, classes=classes, side=SIDE)
    write_cfg(folder / 'a.cfg', sections)
    write_weights(folder / 'a.weights', random_weights(sections))
    return folder


@pytest.fixture(scope='module')
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the small network's a.cfg, a.weights and a.pth."""
    folder = write_both(tmp_path_factory.mktemp('small'), SMALL, CLASSES)
    state, facts, classes = convert(folder / 'a.weights', build())
    assert classes == CLASSES
    write_checkpoint(folder / 'a.pth', state, folder / 'a.weights', **facts)
    return folder


@pytest.fixture(scope='module')
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both published files, but for the values."""
    folder = write_both(tmp_path_factory.mktemp('full'), FULL, 80)
    with (folder / 'a.weights').open('rb') as file:
        (folder / BACKBONE).write_bytes(file.read(PUBLISHED[BACKBONE]))
    return folder


def test_read_back_to_the_bit(small):
    checkpoint = read_checkpoint(small / 'a.pth')
    meta = checkpoint['meta']
    assert (meta['source'], len(meta['source_sha256'])) == ('a.weights', 64)
    header = struct.pack('<3iq', *meta['darknet_version'], meta['images_seen'])
    content = header + mm_to_darknet(checkpoint['state_dict'], SMALL['blocks'])
    assert content == (small / 'a.weights').read_bytes()


def test_boxes_and_scores_are_opencvs(small):
    """Anchors, their order in each scale, and what the channels mean."""
    model = build()
    model.load_state_dict(read_checkpoint(small / 'a.pth')['state_dict'], strict=True)
    head, found = model.bbox_head, []
    maps = mmdet_outputs(model)
    priors = head.prior_generator.grid_priors([m.shape[-2:] for m in maps], device='cpu')
    for raw, anchors, stride in zip(maps, priors, head.featmap_strides, strict=True):
        rows = raw.permute(0, 2, 3, 1).reshape(-1, 5 + CLASSES)  # as in predict_by_feat
        rows[:, :2] = rows[:, :2].sigmoid()
        x1, y1, x2, y2 = head.bbox_coder.decode(anchors, rows[:, :4], stride).unbind(1)
        boxes = torch.stack([x1 + x2, y1 + y2, 2 * (x2 - x1), 2 * (y2 - y1)], 1) / 2 / SIDE
        scores = rows[:, 4:].sigmoid()
        found.append(torch.cat([boxes, scores[:, :1], scores[:, 1:] * scores[:, :1]], 1))
    assert largest_error(found, opencv_outputs(small, 'yolo')) < TOLERANCE


def test_older_header_is_four_bytes_shorter(small, tmp_path):
    content = (small / 'a.weights').read_bytes()
    (tmp_path / 'old.weights').write_bytes(struct.pack('<4i', 0, 1, 0, 500) + content[20:])
    state, facts, classes = convert(tmp_path / 'old.weights', build())
    assert classes == CLASSES
    assert facts == dict(darknet_version=[0, 1, 0], images_seen=500)
    assert mm_to_darknet(state, SMALL['blocks']) == content[20:]


def test_the_backbone_alone(small, tmp_path):
    length = 20 + 4 * sum(map(prod, tensor_shapes(build(), None).values()))
    (tmp_path / 'b.weights').write_bytes((small / 'a.weights').read_bytes()[:length])
    state, _, classes = convert(tmp_path / 'b.weights', build())
    assert classes is None and len(state) == 20 * 5
    whole = read_checkpoint(small / 'a.pth')['state_dict']
    for name, tensor in state.items():
        assert torch.equal(tensor, whole[name]), name


def error_of(path: Path) -> str:
    target = path.with_name('rejected.pth')
    with pytest.raises(ValueError) as error:
        main([str(path), str(target)])
    assert not target.exists()
    return str(error.value)


@pytest.mark.parametrize('start, message', [
    (b'', 'x.weights: 0 bytes, expected a header of 16 or 20 and weights'),
    (struct.pack('<4i', 0, 2, 5, 0), 'x.weights: 16 bytes, expected a header of 16 or 20'),
    (bytes(100), 'which as a version is 0.0.0; expected 0.1 or later'),
    (b'PK\x03\x04' + bytes(100), 'A PyTorch checkpoint (.pth) needs no conversion'),
    (b'[net]\nbatch=64\nsubdivisions=16\n', r"begins with b'[net]\nbatch=', which as a version"),
    (struct.pack('<5i', 0, -2, 0, 0, 0), 'which as a version is 0.-2.0')])
def test_a_wrong_header_is_named(tmp_path, start, message):
    (tmp_path / 'x.weights').write_bytes(start)
    assert message in error_of(tmp_path / 'x.weights')


@pytest.mark.parametrize('version, length, message', [
    ((0, 2, 0), 248_007_044, '248,007,044 bytes, expected 162,482,580 (darknet53.conv.74) or '
     '248,007,048 (yolov3.weights, 80 classes), with a header of 20. Incomplete, or of another'),
    ((0, 2, 0), 248_007_052, '248,007,052 bytes'),
    ((0, 2, 0), 248_007_049, '248,007,049 bytes'),
    # seen has 8 bytes where the version says 4, and the other way round
    ((0, 1, 0), 248_007_048, '248,007,044 (yolov3.weights, 80 classes), with a header of 16'),
    ((0, 2, 0), 162_482_576, '162,482,576 bytes, expected 162,482,580')])
def test_a_wrong_length_is_named(tmp_path, version, length, message):
    with (tmp_path / 'x.weights').open('wb') as file:
        file.write(struct.pack('<3i', *version))
        file.truncate(length)  # zeros that take no room on the disk
    assert message in error_of(tmp_path / 'x.weights')


@pytest.mark.parametrize('place, value, message', [
    # 4 vectors of 32 and 32 x 27 kernel values of the first convolution, then its successor's
    (0, np.nan, 'value 0 of the weights, which is backbone.conv1.bn.bias[0] here, is nan, expected '
     'a finite number'),
    (97, -.5, 'value 97 of the weights, which is backbone.conv1.bn.running_var[1] here, is -0.5, '
     'expected a finite number of at least 0'),
    (4 * 32 + 32 * 27 + 3, np.inf, 'which is backbone.conv_res_block1.conv.bn.bias[3] here')])
def test_impossible_values_are_named(small, tmp_path, place, value, message):
    content = bytearray((small / 'a.weights').read_bytes())
    struct.pack_into('<f', content, 20 + 4 * place, value)
    (tmp_path / 'x.weights').write_bytes(content)
    with pytest.raises(ValueError) as error:
        convert(tmp_path / 'x.weights', build())
    assert message in str(error.value)


def printed(capsys: pytest.CaptureFixture[str]) -> tuple[str, dict[str, Any]]:
    """The tool's first line, and the config that it shows."""
    summary, _, config = capsys.readouterr().out.split('\n', 2)
    return summary, eval(f'dict({config.strip()})')['model']


@pytest.mark.slow
def test_published_detector(full, tmp_path, capsys):
    target = tmp_path / 'yolov3.pth'
    # 61,949,149 parameters, as mmdet's YOLOv3 has, and 52,608 statistics
    assert main([str(full / 'a.weights'), str(target)]) == {'tensors': 366, 'values': 62_001_757}
    summary, options = printed(capsys)
    assert summary == f'{target}: 366 tensors, 62,001,757 values, from yolov3.weights, 80 classes'
    state = read_checkpoint(target)['state_dict']
    model = build(FULL, 80)
    model.load_state_dict(state, strict=True)
    assert largest_error(mmdet_outputs(model), opencv_outputs(full, 'conv')) < TOLERANCE
    one_class = build(FULL, 1, **options)
    one_class.init_weights()
    assert 'backbone: 260 of 260 tensors loaded (100 %)' in capsys.readouterr().out
    name = 'bbox_head.convs_bridge.2.conv.weight'
    assert torch.equal(one_class.state_dict()[name], state[name])
    content = mm_to_darknet(state, FULL['blocks'])
    assert content == (full / 'a.weights').read_bytes()[20:]
