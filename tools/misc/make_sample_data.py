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
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tools.misc.draw_road_scenes import draw_scene  # noqa: E402
from tools.misc.drawing.camera import FULL_WIDTH, kitti_camera  # noqa: E402


@dataclass(frozen=True)
class Request:
    """What a writer needs to know about the set it shall make.

    Attributes:
        size: Number of images.
        seed: The user's seed.
        kitti_width: Width of the road scenes in pixels.
    """

    size: int
    seed: int
    kitti_width: int


@dataclass(frozen=True)
class SampleSet:
    """One data set that can be made.

    Attributes:
        folder: Its official folder name, made below OUT.
        size: Default number of images.
        minimum: Fewest images with which every class is present in every part.
        write: Fills an empty folder with the set.
        maximum: Most images there are, where the set is not drawn.
    """

    folder: str
    size: int
    minimum: int
    write: Callable[[Path, Request], None]
    maximum: int | None = None


def item_rng(request: Request, name: str, index: int = 0) -> np.random.Generator:
    """The random numbers of one item of a set: those of other items and sets change nothing."""
    return np.random.default_rng([request.seed, zlib.crc32(name.encode()), index])


def save_image(path: Path, image: np.ndarray, *options: int) -> None:
    """Encode an image (uint8; grey or BGR) by the path's extension.

    Raises:
        OSError: The file cannot be written.
    """
    _, encoded = cv2.imencode(path.suffix, image, options)
    path.write_bytes(encoded)


def write_digits(root: Path, request: Request) -> None:
    """`{train,test}/<digit>/NNNN.png`: grey, 8x8, about 80 % train, stratified."""
    from sklearn.datasets import load_digits  # takes a second to import
    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    rng = item_rng(request, 'digits')
    shuffled = [rng.permutation(np.flatnonzero(bunch.target == digit)) for digit in range(10)]
    # Rank relative to the size of the class: any prefix of this order is stratified.
    order = sorted((rank / len(members), digit, index) for digit, members in enumerate(shuffled)
                   for rank, index in enumerate(members))[:request.size]
    for digit in range(10):
        kept = [index for _, of, index in order if of == digit]
        tests = max(1, round(0.2 * len(kept)))
        for part, members in (('test', kept[:tests]), ('train', kept[tests:])):
            folder = root / part / str(digit)
            folder.mkdir(parents=True)
            for index in members:
                save_image(folder / f'{index:04d}.png', images[index])


def write_kitti(root: Path, request: Request) -> None:
    """`training/image_2/NNNNNN.png` and `training/label_2/NNNNNN.txt`."""
    images, labels = root / 'training' / 'image_2', root / 'training' / 'label_2'
    images.mkdir(parents=True)
    labels.mkdir()
    camera = kitti_camera(request.kitti_width)
    for index in track(range(request.size), 'kitti'):
        image, lines = draw_scene(item_rng(request, 'kitti', index), camera)
        save_image(images / f'{index:06d}.png', image, cv2.IMWRITE_PNG_COMPRESSION, 1)
        (labels / f'{index:06d}.txt').write_text(''.join(f'{line}\n' for line in lines))


SETS = {
    'digits': SampleSet('digits', 1797, 20, write_digits, maximum=1797),
    'kitti': SampleSet('kitti', 480, 1, write_kitti),
}


def build_folder(target: Path, write: Callable[[Path, Request], None], request: Request) -> None:
    """Make a set beside its place, then put it there: never half a set.

    What stood at ``target`` before is removed, but only after the new set is complete.
    """
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f'.{target.name}-') as spare:
        made = Path(spare) / 'made'
        made.mkdir()
        write(made, request)
        if target.exists():
            target.rename(Path(spare) / 'replaced')
        made.rename(target)


def _size(text: str) -> tuple[str, int]:
    name, _, number = text.partition('=')
    if name not in SETS or not number.isdecimal() or int(number) < 1:
        raise argparse.ArgumentTypeError(
            f'{text!r} is not SET=N with N of at least 1 and a set of {", ".join(SETS)}')
    return name, int(number)


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'{text!r} is not a whole number of at least 0')
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('out', type=Path, metavar='OUT', help='folder that gets one folder a set')
    parser.add_argument('--sets', nargs='+', choices=list(SETS), default=list(SETS),
                        metavar='SET', help=f'which of {", ".join(SETS)} (default: all)')
    parser.add_argument('--size', nargs='+', type=_size, default=[], metavar='SET=N',
                        help='number of images of a set')
    parser.add_argument('--seed', type=_natural, default=0)
    parser.add_argument('--kitti-width', type=_natural, default=FULL_WIDTH // 2, metavar='PIXELS',
                        help=f'width of the road scenes; KITTI has {FULL_WIDTH} (default: half)')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace the folders of these sets where they exist')
    return parser


def _sizes(args: argparse.Namespace) -> dict[str, int]:
    """Number of images of each wanted set.

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
        if size < minimum:
            raise ValueError(f'--size {name}={size} is too small: {name} needs at least {minimum} '
                             'images to have every class in every part.')
        if maximum is not None and size > maximum:
            raise ValueError(f'--size {name}={size} is too large: {name} has {maximum} images.')
    return sizes


def _check_targets(targets: Sequence[Path], overwrite: bool) -> None:
    """Raise FileExistsError where a target holds something and may not be replaced."""
    for target in targets:
        if target.exists() and not target.is_dir():
            raise FileExistsError(f'{target} exists and is not a folder.')
        if target.is_dir() and any(target.iterdir()) and not overwrite:
            raise FileExistsError(f'{target} exists and is not empty; --overwrite replaces it.')


def main(argv: Sequence[str] | None = None) -> dict[str, Path]:
    """Make the wanted sets and return where each one lies.

    Raises:
        SystemExit: With code 2 and one sentence on stderr, when an argument is
            wrong, a set exists already or OUT cannot be written.
    """
    parser = _parser()
    args = parser.parse_args(argv)
    if not 128 <= args.kitti_width <= 2 * FULL_WIDTH:
        parser.error(f'--kitti-width must lie between 128 and {2 * FULL_WIDTH} pixels, '
                     f'not {args.kitti_width}.')
    targets = {name: args.out / SETS[name].folder for name in args.sets}
    try:
        sizes = _sizes(args)
        args.out.mkdir(parents=True, exist_ok=True)
        _check_targets(list(targets.values()), args.overwrite)
        for name, target in targets.items():
            request = Request(sizes[name], args.seed, args.kitti_width)
            build_folder(target, SETS[name].write, request)
            print(f'{name}: {sizes[name]} images in {target}')
    except (ValueError, FileExistsError) as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f'Cannot write to {args.out}: {error.strerror or error}.')
    return targets


if __name__ == '__main__':
    main()
