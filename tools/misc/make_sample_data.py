"""Write small data sets in the official on-disk formats, without a download.

    python tools/misc/make_sample_data.py data
    python tools/misc/make_sample_data.py data --sets digits kitti --size kitti=480

`digits` are scikit-learn's 1797 real handwritten digits; everything else is drawn by this project:
road scenes, and shapes of several colours and textures as classes of the other sets. The same seed
gives the same files, regardless of which other sets are made.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.checks import whole
from plugins.engine.command_line import Parser, not_negative, positive, run
from plugins.engine.files import check_folder, replacing_folder
from tools.misc.drawing.camera import FULL_WIDTH
from tools.misc.sample_layouts import SETS, Request

# Name -> default, minimum, maximum, meaning.
_OPTIONS = {'species': (10, 1, 200, 'kinds of birds in cub200'),
            'side': (224, 32, 1024, 'shorter side of pictures in cub200, flowers and mit8'),
            'kitti_width': (FULL_WIDTH // 2, 128, 2 * FULL_WIDTH, 'width of road scenes in pixels')}


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition('=')
    if name not in SETS or not number.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is not SET=N with a set of {", ".join(SETS)}')
    return name, int(number)


def _requests(args: argparse.Namespace) -> list[Request]:
    """Check the numbers, and return one request per wanted set."""
    sizes = {name: SETS[name].size for name in args.sets}
    for name, size in args.size:
        if name not in sizes:
            raise ValueError(f'--size names {name}, which --sets leaves out')
        sizes[name] = size
    options = {name: whole('', name, getattr(args, name), low, high)
               for name, (_, low, high, _) in _OPTIONS.items()}
    for name, size in sizes.items():  # every class needs an image in every part
        minimum = SETS[name].minimum * (args.species if name == 'cub200' else 1)
        whole('--size', name, size, minimum, SETS[name].maximum)
    return [Request(name, size, args.seed, **options) for name, size in sizes.items()]


def main(argv: Sequence[str] | None = None) -> dict[str, Path]:
    """Make the wanted sets and return the folder of each one.

    Raises:
        ValueError: A number is out of range.
        OSError: A set exists already, or cannot be written.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('out', type=Path, metavar='OUT', help='folder that gets one folder per set')
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SETS),
                        metavar='SET', help=f'which of {", ".join(SETS)} (default: all)')
    defaults = ' '.join(f'{name}={sample.size}' for name, sample in SETS.items())
    parser.add_argument('--size', nargs='+', type=_size, default=[], metavar='SET=N',
                        help=f'number of images of a set (default: {defaults})')
    parser.add_argument('--seed', type=not_negative, default=0, metavar='N')
    for name, (default, _, _, what) in _OPTIONS.items():
        parser.add_argument(f'--{name.replace("_", "-")}', type=positive, default=default,
                            metavar='N', help=f'{what} (default: {default})')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace earlier sets that this tool made')
    args = parser.parse_args(argv)
    requests = _requests(args)
    targets = {request.name: args.out / SETS[request.name].folder for request in requests}
    for target in targets.values():
        check_folder(target, args.overwrite)
    for request in requests:
        target = targets[request.name]
        with replacing_folder(target, args.overwrite) as made:
            SETS[request.name].write(made, request)
        print(f'{request.name}: {request.size} images in {target}')
    return targets


if __name__ == '__main__':
    run(main)
