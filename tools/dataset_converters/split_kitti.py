"""Divide KITTI's training folder by chance into lists of images: ImageSets/{train,val,test}.txt.

    python tools/dataset_converters/split_kitti.py data/kitti
    python tools/dataset_converters/split_kitti.py data/kitti --train 53 --val 7 --seed 1

The 400 training images of the default are about what report A trains on: 67 batches of 6, the
last one of 4. They are those that a config's ``split=dict(seed=..., fractions=dict(train=...,
...))`` takes for ``part='train', indices=400``, if it has that many and the same seed.

What upstream lacks: its tools/misc/split_coco.py cuts COCO's train2017 by percentages, and draws
with replacement, so that a list is shorter than asked for.
"""
import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.paths import resolve_path
from tools.dataset_converters.text_files import refuse_existing, write_texts

FOLDER = 'ImageSets'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('data_root', metavar='DATA_ROOT', help='folder that holds training/image_2')
    parser.add_argument('--train', type=int, default=400, metavar='N',
                        help='images to train on (default: %(default)s)')
    parser.add_argument('--val', type=int, default=100, metavar='N',
                        help='images to validate on (default: %(default)s)')
    parser.add_argument('--test', type=int, metavar='N',
                        help='images of the test (default: all others)')
    parser.add_argument('--seed', type=int, default=0, metavar='N')
    parser.add_argument('--batch-size', type=int, default=6, metavar='N',
                        help='to count batches by (default: %(default)s)')
    parser.add_argument('--overwrite', action='store_true', help='replace lists that exist')
    args = parser.parse_args(argv)
    if args.batch_size < 1:
        parser.error(f'--batch-size {args.batch_size}: expected at least 1')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Write the lists, print the size of each, and return their ids.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileExistsError: A list exists, and --overwrite is not given.
        FileNotFoundError: There is no such data set.
        ValueError: A list would be empty, they take more images than there are, no training image
            shows a car, or the data set is broken, see KittiDataset.
    """
    args = parse_args(argv)
    root = resolve_path(args.data_root)
    paths = {part: root / FOLDER / f'{part}.txt' for part in ('train', 'val', 'test')}
    refuse_existing(paths.values(), args.overwrite)
    from plugins.detection.kitti_split import seeded_lists

    cars = count_cars(root)
    others = len(cars) - args.train - args.val
    if args.test is None and others < 1:
        raise ValueError(f'{root}: found {len(cars)} images, of which --train {args.train} and '
                         f'--val {args.val} leave none for the test; give smaller numbers')
    sizes = dict(train=args.train, val=args.val, test=others if args.test is None else args.test)
    try:
        lists = seeded_lists(list(cars), args.seed, sizes)
    except ValueError as error:
        raise ValueError(f'{root}: of {len(cars)} images, {error}; change --train, --val or '
                         '--test') from error
    if not any(cars[name] for name in lists['train']):
        raise ValueError(f'{paths["train"]}: none of its {args.train} images would show a car, so '
                         'nothing could be learned; give a larger --train or another --seed')
    write_texts({paths[part]: '\n'.join(ids) + '\n' for part, ids in lists.items()})
    report(paths, lists, cars, args.batch_size)
    return lists


def count_cars(root: Path) -> dict[str, int]:
    """Image id -> number of its cars that are not ignored, for every image of the data set.

    Raises:
        FileNotFoundError: See KittiDataset.
        ValueError: See KittiDataset.
    """
    from plugins.detection import KittiDataset

    dataset = KittiDataset(str(root), test_mode=True)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    return {Path(info['img_path']).stem: sum(not item['ignore_flag'] for item in info['instances'])
            for info in infos}


def report(paths: Mapping[str, Path], lists: Mapping[str, Sequence[str]],
           cars: Mapping[str, int], batch_size: int) -> None:
    """Print images, batches and cars of each list."""
    for part, ids in lists.items():
        print(f'{paths[part]}: {len(ids)} images, {math.ceil(len(ids) / batch_size)} batches of '
              f'{batch_size}, {sum(cars[name] for name in ids)} cars')
    print(f'Left out: {len(cars) - sum(map(len, lists.values()))} images. In a config, for each '
          f"part:\n    dataset=dict(ann_file='{FOLDER}/train.txt', split=None, part=None)")


if __name__ == '__main__':
    from plugins.cli import run
    run(main)
