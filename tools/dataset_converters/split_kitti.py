"""Divide KITTI's training folder by chance into lists of images: ImageSets/{train,val,test}.txt.

    python tools/dataset_converters/split_kitti.py data/kitti
    python tools/dataset_converters/split_kitti.py data/kitti --train 53 --val 7 --seed 1

The 400 training images of the default are about what report A trains on: 67 batches of 6, the
last one of 4. They are those that a config's ``split=dict(seed=..., fractions=dict(train=...,
...))`` takes for ``part='train', indices=400``, if it has that many and the same seed. The lines
that make a config use the lists are printed.

What upstream lacks: its tools/misc/split_coco.py cuts COCO's train2017 by percentages, and draws
with replacement, so that a list is shorter than asked for.
"""
import argparse
import math
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import positive, seed
from plugins.engine.files import check_file, resolve_path, write_texts
from plugins.engine.wording import counted

FOLDER = 'ImageSets'
_TEST_SHARE = 0.2  # of the images, in sizes that are suggested


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
    parser.add_argument('--seed', type=seed, default=0, metavar='N')
    parser.add_argument('--batch-size', type=positive, default=6, metavar='N',
                        help='to count batches by (default: %(default)s)')
    parser.add_argument('--overwrite', action='store_true', help='replace lists that exist')
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Write the lists, print the size of each, and return their ids.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileExistsError: A list exists, and --overwrite is not given.
        FileNotFoundError: There is no such data set.
        ValueError: A list would be empty, they take more images than there are (suggests sizes),
            no image to train or validate on shows a car, or the data set is broken, see
            KittiDataset.
    """
    args = parse_args(argv)
    root = resolve_path(args.data_root)
    paths = {part: root / FOLDER / f'{part}.txt' for part in ('train', 'val', 'test')}
    check_file(*paths.values(), overwrite=args.overwrite)
    from plugins.detection.kitti_split import seeded_lists

    cars = count_cars(root)
    others = len(cars) - args.train - args.val
    hint = suggestion(len(cars), args.train, args.val, args.test)
    if args.test is None and others < 1:
        raise ValueError(f'{root}: found {counted(len(cars), "image")}, of which --train '
                         f'{args.train} and --val {args.val} leave none for the test; {hint}')
    sizes = dict(train=args.train, val=args.val, test=others if args.test is None else args.test)
    try:
        lists = seeded_lists(list(cars), args.seed, sizes)
    except ValueError as error:
        raise ValueError(
            f'{root}: of {counted(len(cars), "image")}, {error}; {hint}') from error
    _check_cars(paths, lists, cars)
    write_texts({paths[part]: '\n'.join(ids) + '\n' for part, ids in lists.items()})
    report(root, paths, lists, cars, args.batch_size)
    return lists


def suggestion(images: int, train: int, val: int, test: int | None = None) -> str:
    """Sizes in the same proportions that so many images allow, as options.

    Args:
        images: How many there are.
        train: Asked for, as val and test.
        test: None, all others: then a fifth of the images is kept for it.
    """
    if images < 3:
        return 'at least 3 are needed, one for each list'
    others = (train + val) * _TEST_SHARE / (1 - _TEST_SHARE) if test is None else test
    asked = [max(size, 1) for size in (train, val, others)]
    fitted = [max(1, round(size * images / sum(asked))) for size in asked]
    fitted[fitted.index(max(fitted))] += images - sum(fitted)
    return 'try --train {} --val {} --test {}'.format(*fitted)


def _check_cars(paths: Mapping[str, Path], lists: Mapping[str, Sequence[str]],
                cars: Mapping[str, int]) -> None:
    """Refuse lists to train and validate on that show no car; warn of one to test on."""
    why = dict(train='nothing could be learned', val='no epoch would be better than another',
               test='it could measure nothing but false alarms')
    for part in (part for part in lists if not any(cars[name] for name in lists[part])):
        told = f'{paths[part]}: none of its {counted(len(lists[part]), "image")} would show a ' \
            f'car, so {why[part]}; give a larger --{part} or another --seed'
        if part != 'test':
            raise ValueError(told)
        print(f'Warning: {told}', file=sys.stderr)


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


def report(root: Path, paths: Mapping[str, Path], lists: Mapping[str, Sequence[str]],
           cars: Mapping[str, int], batch_size: int) -> None:
    """Print images, batches and cars of each list, and how a config is made to use them."""
    for part, ids in lists.items():
        batches = counted(math.ceil(len(ids) / batch_size), 'batch', 'batches')
        print(f'{paths[part]}: {counted(len(ids), "image")}, {batches} of {batch_size}, '
              f'{counted(sum(cars[name] for name in ids), "car")}')
    left = len(cars) - sum(map(len, lists.values()))
    print(f'Left out: {counted(left, "image")}. To train and test a config of KittiDataset on '
          'these lists, give\n    --cfg-options ' + ' \\\n    '.join(options(root, lists))
          + '\n(train_dataloader.dataset.dataset where another data set, as for MixUp, wraps it)')


def options(root: Path, parts: Iterable[str]) -> list[str]:
    """A line of ``--cfg-options`` for each part, as a shell takes it."""
    return [' '.join([f'+{part}_dataloader.dataset.ann_file={FOLDER}/{part}.txt', *(
        f'{part}_dataloader.dataset.{key}={value}' for key, value in (
            ('data_root', shlex.quote(str(root))), ('split', None), ('part', None)))])
        for part in parts]


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
