"""Convert KITTI's 2D labels to COCO's JSON, for a stock mmdet or any other program that reads it.

    python tools/dataset_converters/kitti_to_coco.py data/kitti
        [--lists ImageSets/train.txt ImageSets/test.txt] [--classes car=Car,Van person=Pedestrian]

writes DATA_ROOT/annotations/all.json, or a file for each list (split_kitti.py makes them). The
labels are those of KittiDataset: same pairs of files, clipped boxes, image ids and errors. Each
annotation keeps KITTI's ``type``, ``truncated``, ``occluded`` and ``alpha``.

An ignored object (DontCare for every class, Van for cars) becomes an annotation of the class with
``iscrowd=1`` but without the key ``ignore``: mmdet's CocoDataset turns the former into an ignored
box, but drops objects with the latter, so they would be background; pycocotools overwrites
``ignore`` with ``iscrowd``. A detection is not counted as wrong if enough of it lies in a crowd, as
in KITTI's evaluation with DontCare. All other objects are background, and left out.

Classes are in the order of --classes: CocoDataset numbers them by their order in the file,
regardless of their order in the config.
"""
import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, run
from plugins.engine.files import check_file, resolve_path, write_texts
from plugins.engine.wording import counted

if TYPE_CHECKING:
    from plugins.detection import KittiDataset

FACTS = ('type', 'truncated', 'occluded', 'alpha')


def main(argv: Sequence[str] | None = None) -> dict[str, Path]:
    """Write a file for each part, and return their paths by part.

    Raises:
        FileExistsError: A file exists, and --overwrite is not given.
        FileNotFoundError: A folder, label file or list is missing.
        ValueError: The data set is broken, see KittiDataset.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('data_root', metavar='DATA_ROOT', help='folder that holds training/image_2')
    parser.add_argument('--out-dir', metavar='DIR', help='default DATA_ROOT/annotations')
    parser.add_argument('--classes', nargs='+', type=_class, default=[('car', ['Car'])],
                        metavar='NAME=TYPE,...', help='the KITTI types of each class, in label '
                        'order (default: car=Car)')
    parser.add_argument('--lists', nargs='+', default=[], metavar='TXT',
                        help='files with the image ids of each part, below DATA_ROOT')
    parser.add_argument('--overwrite', action='store_true', help='replace files that exist')
    args = parser.parse_args(argv)
    for option, names in (('classes', [name for name, _ in args.classes]),
                          ('lists', [Path(name).stem for name in args.lists])):
        if len(set(names)) < len(names):
            parser.error(f'--{option}: found {", ".join(names)}, expected each name once')
    root = resolve_path(args.data_root)
    lists = {Path(name).stem: name for name in args.lists} or {'all': ''}
    folder = Path(args.out_dir) if args.out_dir else root / 'annotations'
    paths = {part: folder / f'{part}.json' for part in lists}
    check_file(*paths.values(), overwrite=args.overwrite)
    from plugins.detection import KittiDataset

    contents = {path: convert(KittiDataset(
        str(root), ann_file=lists[part], class_map=dict(args.classes), test_mode=True))
        for part, path in paths.items()}
    write_texts({path: json.dumps(content) + '\n' for path, content in contents.items()})
    for path, content in contents.items():
        ignored = sum(box['iscrowd'] for box in content['annotations'])
        objects = counted(len(content['annotations']) - ignored, 'object')
        print(f'{path}: {counted(len(content["images"]), "image")}, {objects}, {ignored} ignored')
    print(f'For CocoDataset: data_root={str(root)!r}, '
          f"data_prefix=dict(img='training/image_2'), "
          f'metainfo=dict(classes={tuple(name for name, _ in args.classes)})')
    return paths


def convert(dataset: 'KittiDataset') -> dict[str, Any]:
    """Return the data set in COCO's structure; annotation and class ids start at 1."""
    images, annotations = [], []
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        images.append(dict(id=info['img_id'], file_name=Path(info['img_path']).name,
                           height=info['height'], width=info['width']))
        for instance in info['instances']:
            x1, y1, x2, y2 = instance['bbox']
            annotations.append(dict(
                id=len(annotations) + 1, image_id=info['img_id'],
                category_id=instance['bbox_label'] + 1, bbox=[x1, y1, x2 - x1, y2 - y1],
                area=(x2 - x1) * (y2 - y1), iscrowd=instance['ignore_flag'],
                **{fact: instance[fact] for fact in FACTS}))
    about = dict(description='KITTI 2D objects', class_map=dataset.class_map,
                 ignore_types=dataset.ignore_types, fingerprint=dataset.fingerprint)
    categories = [dict(id=label, name=name)
                  for label, name in enumerate(dataset.metainfo['classes'], 1)]
    return dict(info=about, images=images, annotations=annotations, categories=categories)


def _class(text: str) -> tuple[str, list[str]]:
    name, _, types = text.partition('=')
    if not name or not types:
        raise argparse.ArgumentTypeError(f'{text!r} is not NAME=TYPE or NAME=TYPE,TYPE')
    return name, types.split(',')


if __name__ == '__main__':
    run(main)
