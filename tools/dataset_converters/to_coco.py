"""Convert labelled boxes of YOLO, Pascal VOC, KITTI or COCO to COCO's JSON, with a config for them.

    python tools/dataset_converters/to_coco.py yolo FOLDER     images/, labels/ and data.yaml, or
                                                               classes.txt, in FOLDER
    python tools/dataset_converters/to_coco.py voc FOLDER      *.xml beside pictures or in a folder
    python tools/dataset_converters/to_coco.py kitti FOLDER --classes car=Car,Van person=Pedestrian
    python tools/dataset_converters/to_coco.py coco FOLDER     *.json with its pictures

writes FOLDER/coco: train.json, val.json, test.json, and FOLDER.py, a config with the classes and
anchors that fit the training boxes. Pictures stay where they are, unless --copy is given. Every
picture is decoded, and what does not fit is rejected, see plugins/detection/label_formats.py.

Where there is no part for the test, that for validation becomes it. Parts that are then missing are
drawn from the training pictures at random. Objects of classes that are not named by --classes are
background; VOC's difficult ones, COCO's crowds and KITTI's DontCare (and, of cars, vans, of
pedestrians, sitting persons) are ignored (``iscrowd=1``): they count neither as hits nor as errors.
"""
import argparse
import json
import os
import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.checks import class_names
from plugins.engine.command_line import Parser, run, seed, share
from plugins.engine.files import (
    REPO_ROOT,
    check_folder,
    replacing_folder,
    resolve_path,
    write_text,
)
from plugins.engine.wording import near, some

if TYPE_CHECKING:
    from plugins.detection.label_formats import Picture

BASE = 'configs/yolov3/yolov3_efficientnet-lite0_imagenet_1xb4-30e_own-640x416.py'
CONFIG = '''"""Detector of %(classes)s; written by tools/dataset_converters/to_coco.py."""
_base_ = %(base)s
own = dict(data_root=%(root)s, metainfo=dict(classes=%(classes)s))
train_dataloader = dict(dataset=own)
val_dataloader = dict(dataset=own)
test_dataloader = dict(dataset=own)
model = dict(bbox_head=dict(
    num_classes=%(number)s, anchor_generator=dict(base_sizes=%(anchors)s)))
'''


def main(argv: Sequence[str] | None = None) -> Path:
    """Write the folder, and return the path of its config.

    Raises:
        FileExistsError: The folder has other files, or earlier results without --overwrite.
        OSError, ValueError: The data are wrong, see :func:`plugins.detection.label_formats.read`.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('format', choices=('yolo', 'voc', 'kitti', 'coco'))
    parser.add_argument('folder', metavar='FOLDER', type=resolve_path)
    parser.add_argument('--out-dir', metavar='DIR', type=Path, help='default FOLDER/coco')
    parser.add_argument('--classes', nargs='+', type=_class, metavar='NAME=LABEL,...',
                        help='the labels of each class, or NAME, in order; default: all')
    parser.add_argument('--shares', nargs=2, type=share, default=(0.15, 0.15), metavar='0..1',
                        help='of all pictures, to validate and to test with (default: 0.15 0.15)')
    parser.add_argument('--seed', type=seed, default=0, metavar='N')
    parser.add_argument('--copy', action='store_true', help='copy the pictures, too')
    parser.add_argument('--overwrite', action='store_true', help='replace an earlier conversion')
    args = parser.parse_args(argv)
    out = (args.out_dir or args.folder / 'coco').absolute()
    check_folder(out, args.overwrite)
    from plugins.detection.label_formats import read
    from plugins.visualization.inputs import check_pictures

    pictures, names, findings = read(args.format, args.folder, out)
    classes = args.classes or [(name, [name]) for name in names if name != 'DontCare']
    for label in {one for _, own in classes for one in own} - {*names}:
        raise ValueError(f'--classes: found {label!r}, which labels nothing in {args.folder}'
                         f'{near(label, names)}')
    check_pictures([picture.path for picture in pictures])
    parts = _parts([picture.part for picture in pictures], args)
    path = out / f'{args.folder.resolve().name}.py'
    with replacing_folder(out, args.overwrite) as folder:
        files = [Path(os.path.relpath(picture.path, out)) for picture in pictures]
        if args.copy:
            files = [Path('images', picture.path.relative_to(args.folder)) for picture in pictures]
            for picture, file in zip(pictures, files, strict=True):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(picture.path, folder / file)
        contents = _contents(pictures, parts, files, classes, args.format == 'kitti')
        for part, content in contents.items():
            write_text(folder / f'{part}.json', json.dumps(content) + '\n')
        names = class_names('--classes', [name for name, _ in classes])
        write_text(folder / path.name, _config(out, contents['train'], names, args.seed))
    _report(contents, names, findings)
    print(shlex.join(['python', 'tools/train.py', str(path)]))
    return path


def _contents(pictures: Sequence['Picture'], parts: Sequence[str], files: Sequence[Path],
              classes: Sequence[tuple[str, list[str]]], kitti: bool) -> dict[str, dict[str, list]]:
    """What the JSON file of each part holds."""
    from plugins.detection.kitti_dataset import NEIGHBOURS
    from plugins.detection.label_formats import PARTS

    contents: dict[str, dict[str, list]] = {part: dict(
        images=[], annotations=[], categories=[dict(id=number, name=name) for number, (name, _)
                                               in enumerate(classes, 1)]) for part in PARTS}
    for number, (picture, part, file) in enumerate(zip(pictures, parts, files, strict=True)):
        contents[part]['images'].append(dict(
            id=number, file_name=file.as_posix(), width=picture.size[0], height=picture.size[1]))
        annotations = contents[part]['annotations']
        for box, (place, (_, own)) in product(picture.boxes, enumerate(classes, 1)):
            ignored = kitti and (box.name == 'DontCare' or any(
                box.name in NEIGHBOURS.get(one, ()) for one in own))
            if box.name in own or ignored:
                x1, y1, x2, y2 = box.corners
                annotations.append(dict(
                    id=len(annotations) + 1, image_id=number, category_id=place,
                    bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1),
                    iscrowd=int(box.ignored or box.name not in own), **box.facts))
    return contents


def _parts(given: list[str], args: argparse.Namespace) -> list[str]:
    """The part of each picture; what the source lacks is drawn from its training pictures."""
    from plugins.detection.kitti_dataset import shuffled

    if 'test' not in given:
        given = ['test' if part == 'val' else part for part in given]
    rows = [row for row, part in enumerate(given) if part == 'train']
    order = shuffled(rows, args.seed)
    for part, portion in zip(('val', 'test'), args.shares, strict=True):
        if part not in given:
            count = round(portion * len(given))
            if not 0 < count < len(order):
                raise ValueError(f'{args.folder}: found {len(rows)} pictures to train on, {count} '
                                 f'of them for {part}; add pictures, or give other --shares')
            for row in order[:count]:
                given[row] = part
            order = order[count:]
    return given


def _config(out: Path, train: dict[str, Any], classes: tuple[str, ...], number: int) -> str:
    """The text of the config; its anchors are BASE's if the boxes have too few sizes."""
    from mmcv import rescale_size

    from plugins.detection.anchors import fit, to_levels
    from plugins.engine.session import load_config

    cfg = load_config(str(REPO_ROOT / BASE))
    scale = next(step.scale for step in cfg.train_dataloader.dataset.pipeline if 'scale' in step)
    generator = cfg.model.bbox_head.anchor_generator
    factors = {one['id']: rescale_size((one['width'], one['height']), scale, return_scale=True)[1]
               for one in train['images']}
    sizes = [tuple(side * factors[one['image_id']] for side in one['bbox'][2:])
             for one in train['annotations'] if not one['iscrowd']]
    sizes = sizes[::1 + len(sizes) // 2000]  # more take longer and change nothing
    if len({*sizes}) >= 9:
        generator.base_sizes = to_levels(fit(sizes, 9, number), generator.strides)
    values = dict(classes=classes, base=str(REPO_ROOT / BASE), root=str(out),
                  number=len(classes), anchors=generator.base_sizes)
    # mmengine puts variables, also of the environment, where a text has two braces
    return CONFIG % {key: repr(value).replace('{', r'\x7b') for key, value in values.items()}


def _report(contents: dict[str, Any], classes: Sequence[str], findings: Sequence[str]) -> None:
    from plugins.engine.result_table import print_table

    counts = {part: Counter('ignored' if one['iscrowd'] else one['category_id']
                            for one in content['annotations'])
              for part, content in contents.items()}
    for place, name in enumerate(classes, 1):
        if without := [part for part, count in counts.items() if not count[place]]:
            findings = [*findings, f'no object of {name} in {", ".join(without)}']
    rows = [('pictures', *(str(len(one['images'])) for one in contents.values()))]
    rows += [(name, *(str(count[key]) for count in counts.values()))
             for key, name in [*enumerate(classes, 1), ('ignored', 'ignored')]]
    print_table(('', *contents), rows, 'Pictures, and objects of each class')
    if findings:
        print(f'Warning: {some(findings, "; ")}')


def _class(text: str) -> tuple[str, list[str]]:
    name, _, labels = text.partition('=')
    return name, (labels or name).split(',')


if __name__ == '__main__':
    run(main)
