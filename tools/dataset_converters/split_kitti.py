"""Divide KITTI's training folder at random into lists of images: ImageSets/{train,val,test}.txt.

    python tools/dataset_converters/split_kitti.py data/kitti
    python tools/dataset_converters/split_kitti.py data/kitti --train 53 --val 7 --seed 1

The default's 400 training images are about as many as in report A: 67 batches of 6, the last one
of 4. A config's ``split=dict(seed=..., fractions=dict(train=..., ...))`` with ``part='train',
indices=400`` selects the same images if its seed is the same and its part is as large. The options
with which a config uses the lists are printed.
"""
import shlex
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, positive, run, seed
from plugins.engine.files import check_file, resolve_path, write_texts
from plugins.engine.wording import counted

FOLDER = 'ImageSets'


def main(argv: Sequence[str] | None = None) -> dict[str, list[str]]:
    """Write the lists, print the size of each, and return their ids.

    Raises:
        FileExistsError: A list exists, and --overwrite is not given.
        FileNotFoundError: There is no such data set.
        ValueError: No image would be left for the test, or the data set is broken, see
            KittiDataset.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('data_root', metavar='DATA_ROOT', help='folder that holds training/image_2')
    parser.add_argument('--train', type=positive, default=400, metavar='N',
                        help='images to train on (default: %(default)s)')
    parser.add_argument('--val', type=positive, default=100, metavar='N',
                        help='images to validate on (default: %(default)s); the test gets all '
                        'others')
    parser.add_argument('--seed', type=seed, default=0, metavar='N')
    parser.add_argument('--overwrite', action='store_true', help='replace lists that exist')
    args = parser.parse_args(argv)
    root = resolve_path(args.data_root)
    paths = {part: root / FOLDER / f'{part}.txt' for part in ('train', 'val', 'test')}
    check_file(*paths.values(), overwrite=args.overwrite)
    from plugins.detection import KittiDataset
    from plugins.detection.kitti_dataset import shuffled

    dataset = KittiDataset(str(root), test_mode=True)
    infos = [dataset.get_data_info(index) for index in range(len(dataset))]
    cars = {Path(info['img_path']).stem: sum(not box['ignore_flag'] for box in info['instances'])
            for info in infos}
    ids, end = shuffled(list(cars), args.seed), args.train + args.val
    if end >= len(ids):
        raise ValueError(f'{root}: {counted(len(ids), "image")}, expected more than the '
                         f'{args.train} to train on and {args.val} to validate on; give other '
                         'sizes with --train and --val')
    lists = dict(train=ids[:args.train], val=ids[args.train:end], test=ids[end:])
    write_texts({paths[part]: '\n'.join(ids) + '\n' for part, ids in lists.items()})
    for part, ids in lists.items():
        print(f'{paths[part]}: {counted(len(ids), "image")}, '
              f'{counted(sum(cars[name] for name in ids), "car")}')
    print('To train and test a config of KittiDataset on these lists, give\n    --cfg-options '
          + ' \\\n    '.join(options(root, lists))
          + '\n(train_dataloader.dataset.dataset where another data set, as for MixUp, wraps it)')
    return lists


def options(root: Path, parts: Iterable[str]) -> list[str]:
    """Return a shell-quoted line of ``--cfg-options`` for each part."""
    return [' '.join([f'+{part}_dataloader.dataset.ann_file={FOLDER}/{part}.txt', *(
        f'{part}_dataloader.dataset.{key}={value}' for key, value in (
            ('data_root', shlex.quote(str(root))), ('split', None), ('part', None)))])
        for part in parts]


if __name__ == '__main__':
    run(main)
