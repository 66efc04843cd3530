"""Convert Darknet's weights of YOLOv3, or only of its backbone, for mmdet's YOLOV3.

    python tools/model_converters/darknet_to_mm.py SRC DST.pth [--overwrite]

SRC is darknet53.conv.74 (Darknet-53 trained on ImageNet) or yolov3.weights (the whole detector,
80 classes of COCO), both from https://pjreddie.com/darknet/yolo/, or Darknet's file of a YOLOv3
with other classes: the file's length tells them apart. DST has the names of mmdet checkpoints:
``backbone.``, ``neck.``, ``bbox_head.``. The lines of a config that load it are printed.

mmdet cannot read .weights. Every number of SRC is used once, unchanged: Darknet and the model of
configs/_base_/models/yolov3_d53_car.py have the same input (RGB from 0 to 1), anchors and leaky
ReLU (slope 0.1). They differ in a batch norm's epsilon: mmdet adds 1e-5 to the variance, as
Darknet's GPU code does; its CPU code adds 1e-6 to the deviation, which matters only in channels
with hardly any variance. Classes keep their order, which mmdet's CocoDataset shares.

A .weights file has no names: it holds the cfg's layers from top to bottom, and the cfg finishes a
scale (five convolutions of the neck, two of the head) before it begins the next, the coarsest
first. Sources: cfg/yolov3.cfg and src/parser.c of github.com/pjreddie/darknet.
"""
import struct
import sys
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch
from mmcv.cnn import ConvModule
from mmengine.config import Config
from mmengine.registry import MODELS
from torch import nn

import plugins.detection  # noqa: F401 (registers mmdet's classes)
from plugins.engine import command_line
from plugins.engine.files import REPO_ROOT
from tools.model_converters.checkpoint_file import parse, write_checkpoint

BACKBONE = 'darknet53.conv.74'
ANCHORS = 3  # per scale
COCO_CLASSES = 80
_LONGEST_HEADER = 20


def read_header(start: bytes, src: Path) -> tuple[dict[str, Any], int]:
    """Parse the first 20 bytes of SRC, as ``load_weights_upto`` of Darknet's parser.c does.

    Returns:
        The version and the number of images seen in training, and the length of the header.

    Raises:
        ValueError: They are too few, or not a version of the format.
    """
    if len(start) < _LONGEST_HEADER:
        raise ValueError(f'{src}: {len(start)} bytes, expected a header of 16 or 20 and weights')
    version = struct.unpack_from('<3i', start)
    # 0.1 and 0.2 were published. Other files have random bytes here.
    if not (all(0 <= number < 100 for number in version) and version[:2] >= (0, 1)):
        raise ValueError(f'{src}: begins with {start[:12]!r}, which as a version is '
                         f'{".".join(map(str, version))}; expected 0.1 or later. No file of '
                         "Darknet's? A PyTorch checkpoint (.pth) needs no conversion")
    form, length = ('<q', _LONGEST_HEADER) if version[:2] >= (0, 2) else ('<i', 16)
    seen, = struct.unpack_from(form, start, 12)
    return {'darknet_version': list(version), 'images_seen': seen}, length


def tensor_shapes(model: nn.Module, classes: int | None) -> dict[str, tuple[int, ...]]:
    """Return name and shape of every tensor in the file's order; of None classes, a backbone's."""
    shapes = dict(_normed(model, 'backbone'))
    for scale in range(3) if classes is not None else ():
        for name in (*[f'neck.conv{scale}'] * (scale > 0), f'neck.detect{scale + 1}',
                     f'bbox_head.convs_bridge.{scale}'):
            shapes |= _normed(model, name)
        name, outputs = f'bbox_head.convs_pred.{scale}', ANCHORS * (5 + classes)
        shapes[f'{name}.bias'] = (outputs,)
        shapes[f'{name}.weight'] = (outputs, *model.get_submodule(name).weight.shape[1:])
    return shapes


def _normed(model: nn.Module, part: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the tensors of a part's convolutions, each with its batch norm."""
    for name, module in model.get_submodule(part).named_modules(prefix=part):
        if isinstance(module, ConvModule):
            for vector in ('bias', 'weight', 'running_mean', 'running_var'):
                yield f'{name}.bn.{vector}', tuple(module.bn.weight.shape)
            yield f'{name}.conv.weight', tuple(module.conv.weight.shape)


def convert(src: Path, model: nn.Module
            ) -> tuple[dict[str, torch.Tensor], dict[str, Any], int | None]:
    """Read SRC for an mmdet YOLOv3; return its tensors, facts and number of classes or None.

    The file's length tells the classes; None are those of a backbone.

    Raises:
        OSError: SRC is no file, or cannot be read.
        ValueError: It is not a Darknet file, has the wrong length, or a value is NaN, infinite, or
            a negative variance.
    """
    if not src.is_file():
        raise FileNotFoundError(f'{src}: no such file, expected {BACKBONE} or yolov3.weights from '
                                'https://pjreddie.com/darknet/yolo/')
    with src.open('rb') as file:
        facts, header = read_header(file.read(_LONGEST_HEADER), src)
    length = {classes: header + 4 * sum(map(prod, tensor_shapes(model, classes).values()))
              for classes in (None, 0, 1, COCO_CLASSES)}
    found, classes = src.stat().st_size, None
    if found != length[None]:
        classes, surplus = divmod(found - length[0], length[1] - length[0])
        if surplus or classes < 1:
            raise ValueError(
                f'{src}: {found:,} bytes, expected {length[None]:,} ({BACKBONE}) or '
                f'{length[COCO_CLASSES]:,} (yolov3.weights, {COCO_CLASSES} classes), with a header '
                f'of {header}. Incomplete, or of another network?')
    values, start, state = np.fromfile(src, '<f4', offset=header).astype(np.float32), 0, {}
    for name, shape in tensor_shapes(model, classes).items():
        array = values[start:start + prod(shape)]
        is_variance = name.endswith('running_var')
        valid = np.isfinite(array) & (array >= (0 if is_variance else -np.inf))
        if not valid.all():
            first = int(valid.argmin())
            raise ValueError(
                f'{src}: value {start + first:,} of the weights, which is {name}[{first}] here, is '
                f'{array[first]}, expected a finite number{" of at least 0" * is_variance}')
        state[name] = torch.tensor(array).view(shape)  # copied: each has its own memory
        start += array.size
    return state, facts, classes


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST, print how to use it, return the numbers of tensors and values.

    Raises:
        OSError: SRC cannot be read; or see :func:`parse`.
        ValueError: SRC is neither of the two files; or see :func:`parse`.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', type=Path, metavar='SRC', help=f'{BACKBONE} or yolov3.weights')
    args = parse(parser, argv)
    config = Config.fromfile(REPO_ROOT / 'configs/_base_/models/yolov3_d53_car.py')
    with torch.device('meta'):  # without memory for its weights
        model = MODELS.build(dict(config.model, _scope_='mmdet'))
    state, facts, classes = convert(args.src, model)
    write_checkpoint(args.dst, state, args.src, **facts)
    values = sum(tensor.numel() for tensor in state.values())
    form = BACKBONE if classes is None else f'yolov3.weights, {classes} classes'
    print(f'{args.dst}: {len(state)} tensors, {values:,} values, from {form}')
    load = f"init_cfg=dict(type='Pretrained', checkpoint={str(args.dst)!r}"
    print(f"In a config:\n    model = dict(backbone=dict({load}, prefix='backbone.')))"
          if classes is None else f'In a config of other classes than these {classes}:\n'
          f"    model = dict({load}, exclude=['bbox_head.convs_pred']))")
    return {'tensors': len(state), 'values': values}


if __name__ == '__main__':
    command_line.run(main)
