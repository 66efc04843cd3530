"""Writers of the sample data sets: one function per official layout."""
import math
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from tools.misc.drawing.camera import Camera
from tools.misc.drawing.emblems import SHAPES, TEXTURES, draw_emblem
from tools.misc.drawing.road_scene import draw_scene

FLOWERS = ('daisy', 'dandelion', 'roses', 'sunflowers', 'tulips')
MIT8 = ('Opencountry', 'coast', 'forest', 'highway', 'inside_city', 'mountain', 'street',
        'tallbuilding')
SIDE = 32  # pixels of a picture in CIFAR


@dataclass(frozen=True)
class Request:
    """The set to make."""

    name: str  # name on the command line
    size: int  # number of images
    seed: int
    kitti_width: int  # width of road scenes, in pixels
    species: int  # kinds of birds, 1 to 200
    side: int  # shorter side of pictures in cub200, flowers and mit8, in pixels

    def rng(self, index: int = 0) -> np.random.Generator:
        """Return a generator for item ``index``, independent of other items and sets."""
        return np.random.default_rng([self.seed, zlib.crc32(self.name.encode()), index])

    def items(self) -> Iterator[tuple[int, np.random.Generator]]:
        """Yield every item's index and random generator, with a progress bar."""
        for index in track(range(self.size), f'{self.name:8}'):
            yield index, self.rng(index)

    def picture(self, rng: np.random.Generator, label: int, longest: float = 1.5) -> np.ndarray:
        """Draw a picture of a class, portrait or landscape, see :func:`draw_emblem`.

        Its longer side is at most ``longest`` times the shorter one.
        """
        size = (self.side, round(self.side * rng.uniform(1, longest)))[::rng.choice([-1, 1])]
        return draw_emblem(rng, label, size)


@dataclass(frozen=True)
class SampleSet:
    """One data set that can be made."""

    folder: str  # official folder name, below OUT
    size: int  # default number of images
    minimum: int  # fewest images such that every class is in every part
    write: Callable[[Path, Request], None]  # fills an existing, empty folder
    maximum: float = math.inf  # number of existing images, if the set is not drawn


def save_image(path: Path, image: np.ndarray, *options: int) -> None:
    """Encode an image (uint8; grey or BGR) by the path's extension; missing folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _, encoded = cv2.imencode(path.suffix, image, options)
    path.write_bytes(encoded)


def write_digits(root: Path, request: Request) -> None:
    """`{train,test}/<digit>/NNNN.png`: grey, 8x8, about 80 % train, stratified."""
    from sklearn.datasets import load_digits  # takes a second to import
    bunch = load_digits()
    images = np.round(bunch.images * (255 / 16)).astype(np.uint8)
    rng = request.rng()
    shuffled = [rng.permutation(np.flatnonzero(bunch.target == digit)) for digit in range(10)]
    # Ordered by rank relative to the size of the class, so that any prefix is stratified.
    order = sorted((rank / len(members), digit, index) for digit, members in enumerate(shuffled)
                   for rank, index in enumerate(members))[:request.size]
    for digit in range(10):
        kept = [index for _, of, index in order if of == digit]
        tests = max(1, round(.2 * len(kept)))
        for rank, index in enumerate(kept):
            part = 'test' if rank < tests else 'train'
            save_image(root / part / str(digit) / f'{index:04d}.png', images[index])


def write_cifar(root: Path, request: Request) -> None:
    """CIFAR-10's or CIFAR-100's pickles; one sixth of the images is the test set.

    A class of CIFAR-10 is a shape. A superclass of CIFAR-100 is a shape and a
    number of copies; its five classes differ by their texture.
    """
    is_100 = request.name == 'cifar100'
    classes = coarse_classes = [shape.encode() for shape in SHAPES]
    if is_100:
        coarse_classes = [*classes, *(b'three_%ss' % name for name in classes)]
        classes = [name + f'_{texture}'.encode() for names in (classes, coarse_classes[10:])
                   for texture in TEXTURES for name in names]
    names = ('test', 'train') if is_100 else (
        'test_batch', *(f'data_batch_{number}' for number in range(1, 6)))
    tests = max(len(classes), request.size // 6)
    items, rng = request.items(), request.rng(request.size)
    parts = np.split(np.arange(request.size), [tests])
    for number, (name, rows) in enumerate(zip(
            names, [parts[0], *np.array_split(parts[1], len(names) - 1)], strict=True)):
        # Each class is in a part as often as any other, give or take one.
        labels = rng.permutation(rows % len(classes)).tolist()
        pictures = [draw_emblem(next(items)[1], label, (SIDE, SIDE)) for label in labels]
        kind = f'training batch {number} of {len(names) - 1}' if number else 'testing batch 1 of 1'
        batch = {b'batch_label': kind.encode(),
                 b'data': np.stack(pictures).transpose(0, 3, 1, 2).reshape(len(rows), -1),
                 b'filenames': [classes[label] + b'_s_%06d.png' % row
                                for row, label in zip(rows, labels, strict=True)],
                 b'fine_labels' if is_100 else b'labels': labels}
        if is_100:
            batch[b'coarse_labels'] = [label % 10 + label // 50 * 10 for label in labels]
        _dump(root / name, batch)
    if is_100:
        _dump(root / 'meta', {b'fine_label_names': classes, b'coarse_label_names': coarse_classes})
    else:
        _dump(root / 'batches.meta', {b'num_cases_per_batch': len(rows), b'label_names': classes,
                                      b'num_vis': 3 * SIDE * SIDE})


class _Python2Pickler(pickle._Pickler):
    """Writes bytes as Python 2's strings, which open with encoding='bytes' and with 'latin1'."""

    def save_bytes(self, obj: bytes) -> None:
        self.write(pickle.BINSTRING + struct.pack('<i', len(obj)) + obj)
        self.memoize(obj)

    dispatch = {**pickle._Pickler.dispatch, bytes: save_bytes}


def _dump(path: Path, content: dict) -> None:
    with path.open('wb') as file:
        _Python2Pickler(file, protocol=2).dump(content)


def write_cub200(root: Path, request: Request) -> None:
    """`images/<NNN.Name>/*.jpg` and `lists/{files,train,test}.txt`, half of each for training."""
    lists: dict[str, list[str]] = {'files': [], 'train': [], 'test': []}
    for index, rng in request.items():
        copy, number = divmod(index, request.species)
        name, photo = f'Species_{number + 1:03d}', rng.integers(10 ** 9, 10 ** 10)
        line = f'{number + 1:03d}.{name}/{name}_{copy + 1:04d}_{photo}.jpg'
        save_image(root / 'images' / line, request.picture(rng, number))
        lists['files'].append(line)
        lists['train' if copy % 2 == 0 else 'test'].append(line)
    (root / 'lists').mkdir()
    for name, lines in lists.items():
        (root / 'lists' / f'{name}.txt').write_text('\n'.join([*sorted(lines), '']))


def write_flowers(root: Path, request: Request) -> None:
    """`<class>/*.jpg`."""
    for index, rng in request.items():
        label, photo = index % len(FLOWERS), rng.integers(10 ** 9, 10 ** 10)
        save_image(root / FLOWERS[label] / f'{photo}_{index:06d}.jpg', request.picture(rng, label))


def write_mit8(root: Path, request: Request) -> None:
    """`{train,test}/<class>/*.jpg`, square; 70 % for training, as in the official split."""
    for index, rng in request.items():
        copy, label = divmod(index, len(MIT8))
        # 7 of 10 copies, the first one among them and the second one not.
        part, kind = 'train' if copy * 7 % 10 < 7 else 'test', MIT8[label]
        save_image(root / part / kind / f'{kind}_{copy:04d}.jpg',
                   request.picture(rng, label, longest=1))


def write_kitti(root: Path, request: Request) -> None:
    """`training/image_2/NNNNNN.png` and `training/label_2/NNNNNN.txt`."""
    (root / 'training' / 'label_2').mkdir(parents=True)
    # Fast to write, and smaller here than the default strategy.
    png = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)
    for index, rng in request.items():
        image, lines = draw_scene(rng, Camera(request.kitti_width))
        save_image(root / 'training' / 'image_2' / f'{index:06d}.png', image, *png)
        label = root / 'training' / 'label_2' / f'{index:06d}.txt'
        label.write_text(''.join(f'{line}\n' for line in lines))


SETS = {
    'digits': SampleSet('digits', 1797, 20, write_digits, maximum=1797),
    'cifar10': SampleSet('cifar10/cifar-10-batches-py', 3000, 20, write_cifar),
    'cifar100': SampleSet('cifar100/cifar-100-python', 6000, 200, write_cifar),
    'cub200': SampleSet('CUB_200_2010', 300, 2, write_cub200),
    'flowers': SampleSet('flower_photos', 500, 5, write_flowers),
    'mit8': SampleSet('MIT_split', 480, 16, write_mit8),
    'kitti': SampleSet('kitti', 480, 1, write_kitti),
}
