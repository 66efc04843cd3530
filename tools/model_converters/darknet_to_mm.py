"""Convert Darknet's weights of YOLOv3, or of its backbone alone, for mmdet's YOLOV3.

    python tools/model_converters/darknet_to_mm.py SRC DST.pth [--num-classes N] [--overwrite]

SRC is darknet53.conv.74 (Darknet-53 as ImageNet trained it) or yolov3.weights (the whole detector,
80 classes of COCO), both from https://pjreddie.com/darknet/yolo/, told apart by their lengths; or
what Darknet saved of a YOLOv3 of N classes. DST has the names of mmdet's own checkpoints:
``backbone.``, ``neck.``, ``bbox_head.``. The lines of a config that load it are printed.

mmdet reads no .weights. Every number of SRC is used once, unchanged: Darknet and the model of
configs/_base_/models/yolov3_d53_car.py have the same input (RGB from 0 to 1), anchors and leaky
ReLU (slope 0.1). They differ in a batch norm's epsilon: mmdet's, 1e-5 beside the variance, is that
of Darknet's GPU code; its CPU code adds 1e-6 to the deviation, which shows only in channels that
hardly vary. Classes keep their order: Darknet's data/coco.names has that of mmdet's CocoDataset.
"""
import argparse
import hashlib
import struct
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np
import torch

from plugins.engine import command_line
from tools.model_converters.checkpoint_file import add_destination, parse, write_checkpoint
from tools.model_converters.darknet_layers import (
    COCO_CLASSES,
    Conv,
    classes_of,
    count_values,
    darknet53,
    yolov3,
)

BACKBONE = 'darknet53.conv.74'
_LONGEST_HEADER = 20
_FLOAT = np.dtype('<f4')


@dataclass(frozen=True)
class Header:
    """What stands in front of the numbers.

    Attributes:
        version: Of the format: major, minor, revision.
        seen: How many images the network was trained on.
        size: Of the header, bytes: `seen` has 8 from version 0.2 on, 4 before.
    """

    version: tuple[int, int, int]
    seen: int
    size: int


def read_header(start: bytes, src: Path) -> Header:
    """Understand the first 20 bytes of SRC, as ``load_weights_upto`` of Darknet's parser.c does.

    Raises:
        ValueError: They are fewer than a header, or no version of the format.
    """
    if len(start) < 16:
        raise ValueError(f'{src}: {len(start)} bytes, expected a header of 16 or 20 and weights')
    version = struct.unpack_from('<3i', start)
    # 0.1 and 0.2 were published. Other files show chance bytes; all zeros are no weights either.
    if not (all(0 <= number < 100 for number in version) and version[:2] >= (0, 1)):
        raise ValueError(f'{src}: begins with {start[:12]!r}, which as a version is '
                         f'{".".join(map(str, version))}; expected 0.1 or later. No file of '
                         "Darknet's? A PyTorch checkpoint (.pth) needs no conversion")
    long = version[:2] >= (0, 2)
    size = _LONGEST_HEADER if long else 16
    if len(start) < size:
        raise ValueError(f'{src}: {len(start)} bytes, expected a header of {size} and weights')
    return Header(version, struct.unpack_from('<q' if long else '<i', start, 12)[0], size)


def choose_form(size: int, header: Header, forms: Mapping[str, Sequence[Conv]], src: Path) -> str:
    """Name of the form whose length SRC has, to the byte.

    Raises:
        ValueError: It has none of them; says the lengths, and of how many classes SRC may be.
    """
    lengths = {form: header.size + _FLOAT.itemsize * count_values(layers)
               for form, layers in forms.items()}
    for form, length in lengths.items():
        if size == length:
            return form
    known = ' or '.join(f'{length:,} ({form})' for form, length in lengths.items())
    values, rest = divmod(size - header.size, _FLOAT.itemsize)
    classes = None if rest else classes_of(values)
    hint = f'A YOLOv3 of {classes} classes is as long: if it is one, give --num-classes {classes}' \
        if classes else 'Incomplete, or of another network?'
    raise ValueError(f'{src}: {size:,} bytes, expected {known}, with a header of {header.size}. '
                     f'{hint}')


def read_weights(src: Path, header: Header, layers: Sequence[Conv]) -> dict[str, torch.Tensor]:
    """Cut what follows the header into these layers' tensors, each with memory of its own.

    Args:
        src: The .weights file, of the length that the layers want.
        header: As read from it.
        layers: In the file's order.

    Raises:
        ValueError: A value is NaN, infinite, or a negative variance; names it.
    """
    values, start = np.fromfile(src, _FLOAT, offset=header.size), 0
    state = {}
    for layer in layers:
        for name, shape in layer.tensors().items():
            end = start + int(np.prod(shape))
            array = values[start:end].astype(np.float32)  # a copy, in this machine's byte order
            _check(array, start, name, src)
            state[name], start = torch.from_numpy(array.reshape(shape)), end
    return state


def _check(array: np.ndarray, start: int, name: str, src: Path) -> None:
    broken, wanted = ~np.isfinite(array), 'a finite number'
    if name.endswith('running_var') and not broken.any():
        broken, wanted = array < 0, 'a variance'
    if broken.any():
        first = int(broken.argmax())
        raise ValueError(f'{src}: value {start + first:,} of the weights, which is {name}[{first}] '
                         f'here, is {array[first]}, expected {wanted}. Damaged, or another '
                         "network's?")


def convert(src: Path, forms: Mapping[str, Sequence[Conv]]) -> tuple[str, dict[str, Any]]:
    """Read SRC; return the name of its form and a checkpoint with ``state_dict`` and ``meta``.

    Args:
        src: The .weights file.
        forms: What it may hold: the layers in the file's order, by a name.

    Raises:
        OSError: SRC is missing, a folder, or cannot be read.
        ValueError: It is no Darknet file, has another length, or impossible values.
    """
    if src.is_dir():
        raise IsADirectoryError(f'{src}: is a folder, expected a file of weights in it')
    if not src.is_file():
        raise FileNotFoundError(f'{src}: no such file, expected {BACKBONE} or yolov3.weights from '
                                'https://pjreddie.com/darknet/yolo/')
    with src.open('rb') as file:
        header = read_header(file.read(_LONGEST_HEADER), src)
    form = choose_form(src.stat().st_size, header, forms, src)
    state = read_weights(src, header, forms[form])
    meta = {'source': src.name, 'source_sha256': hashlib.sha256(src.read_bytes()).hexdigest(),
            'darknet_version': list(header.version), 'images_seen': header.seen}
    return form, {'state_dict': state, 'meta': meta}


def usage(form: str, classes: int, dst: Path) -> str:
    """The line of a config that these weights need."""
    load = f"init_cfg=dict(type='Pretrained', checkpoint={str(dst)!r}"
    if form == BACKBONE:
        return f"In a config:\n    model = dict(backbone=dict({load}, prefix='backbone.')))"
    return (f'In a config of other classes than these {classes}:\n'
            f"    model = dict({load}, exclude=['bbox_head.convs_pred']))")


def main(argv: Sequence[str] | None = None) -> dict[str, int]:
    """Convert SRC to DST, print how to use it, return the numbers of tensors and values.

    Raises:
        FileExistsError: DST exists and --overwrite is not given.
        OSError: SRC cannot be read, or DST cannot be written.
        ValueError: SRC is neither of the two files, or DST is not called .pth.
    """
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('src', type=Path, metavar='SRC', help=f'{BACKBONE} or yolov3.weights')
    add_destination(parser)
    parser.add_argument('--num-classes', type=int, default=COCO_CLASSES, metavar='N',
                        help='of a whole detector (default: %(default)s)')
    args = parse(parser, argv)
    if args.num_classes < 1:
        raise ValueError(f'--num-classes {args.num_classes}, expected 1 or more')
    form, checkpoint = convert(args.src, {
        BACKBONE: list(darknet53()),
        f'yolov3.weights, {args.num_classes} classes': list(yolov3(args.num_classes))})
    write_checkpoint(checkpoint, args.dst)
    state = checkpoint['state_dict']
    values = sum(tensor.numel() for tensor in state.values())
    print(f'{args.dst}: {len(state)} tensors, {values:,} values, from {form}')
    print(usage(form, args.num_classes, args.dst))
    return {'tensors': len(state), 'values': values}


if __name__ == '__main__':
    command_line.run(main)
