"""Write small data sets in the official on-disk formats, without a download.

    python tools/misc/make_sample_data.py data
    python tools/misc/make_sample_data.py data --sets digits kitti --size kitti=480

`digits` are scikit-learn's 1797 real handwritten digits; everything else is
drawn by this project. The same seed gives the same files, whatever other sets
are made beside them.
"""
import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.misc.drawing.camera import FULL_WIDTH
from tools.misc.sample_layouts import SETS, Request


def build_folder(target: Path, request: Request) -> None:
    """Make a set beside its place, then put it there: never half a set.

    What stood at ``target`` before is removed, but only after the new set is
    complete.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f'.{target.name}-') as spare:
        made = Path(spare) / 'made'
        made.mkdir()
        SETS[request.name].write(made, request)
        if target.exists():
            target.rename(Path(spare) / 'replaced')
        made.rename(target)


def _whole_number(lowest: int, highest: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isdecimal() or not lowest <= int(text) <= highest:
            raise argparse.ArgumentTypeError(
                f'{text!r} is not a whole number from {lowest} to {highest}')
        return int(text)
    return convert


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition('=')
    if name not in SETS or not number.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is not SET=N with a set of {", ".join(SETS)}')
    return name, int(number)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('out', type=Path, metavar='OUT', help='folder that gets one folder a set')
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SETS),
                        metavar='SET', help=f'which of {", ".join(SETS)} (default: all)')
    defaults = ' '.join(f'{name}={sample.size}' for name, sample in SETS.items())
    parser.add_argument('--size', nargs='+', type=_size, default=[], metavar='SET=N',
                        help=f'number of images of a set (default: {defaults})')
    parser.add_argument('--seed', type=_whole_number(0, 2 ** 63), default=0, metavar='N')
    parser.add_argument('--species', type=_whole_number(1, 200), default=10, metavar='N',
                        help='kinds of birds in cub200, 1 to 200 (default: %(default)s)')
    parser.add_argument('--side', type=_whole_number(32, 1024), default=224, metavar='PIXELS',
                        help='shorter side of birds, flowers and MIT scenes (default: %(default)s)')
    parser.add_argument('--kitti-width', type=_whole_number(128, 2 * FULL_WIDTH),
                        default=FULL_WIDTH // 2, metavar='PIXELS', help='width of the road scenes '
                        f'(default: %(default)s, half of the official {FULL_WIDTH})')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace the folders of these sets where they exist')
    return parser


def _requests(args: argparse.Namespace) -> list[Request]:
    """One request a wanted set.

    Raises:
        ValueError: A size is given for another set, too small or too large.
    """
    sizes = {name: SETS[name].size for name in args.sets}
    for name, size in args.size:
        if name not in sizes:
            raise ValueError(f'--size names {name}, which --sets leaves out.')
        sizes[name] = size
    for name, size in sizes.items():
        minimum, maximum = SETS[name].minimum, SETS[name].maximum
        if name == 'cub200':
            minimum *= args.species
        if size < minimum:
            raise ValueError(f'{name}={size} is too small: {name} needs at least {minimum} images '
                             'to have every class in every part.')
        if maximum is not None and size > maximum:
            raise ValueError(f'{name}={size} is too large: {name} has {maximum} images.')
    return [Request(name, size, args.seed, args.kitti_width, args.species, args.side)
            for name, size in sizes.items()]


def _check_targets(targets: Iterable[Path], overwrite: bool) -> None:
    """Raise FileExistsError where a target holds something and may not be replaced."""
    for target in targets:
        for folder in (target, *target.parents):
            if folder.exists() and not folder.is_dir():
                raise FileExistsError(f'{folder} exists and is not a folder.')
        if target.is_dir() and any(target.iterdir()) and not overwrite:
            raise FileExistsError(f'{target} exists and is not empty; --overwrite replaces it.')


def main(argv: Sequence[str] | None = None) -> dict[str, Path]:
    """Make the wanted sets and return the folder of each one.

    Raises:
        SystemExit: With code 2 and one sentence on stderr, when an argument is
            wrong, a set exists already or OUT cannot be written.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    targets = {name: args.out / SETS[name].folder for name in args.sets}
    try:
        requests = _requests(args)
        _check_targets(targets.values(), args.overwrite)
        for request in requests:
            build_folder(targets[request.name], request)
            print(f'{request.name}: {request.size} images in {targets[request.name]}')
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f'Cannot write to {args.out}: {error.strerror or error}.')
    return targets


if __name__ == '__main__':
    main()
