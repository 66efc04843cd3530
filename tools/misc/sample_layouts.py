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

from tools.misc.drawing.camera import kitti_camera
from tools.misc.drawing.emblems import SHAPES, SIDE, TEXTURES, draw_emblem
from tools.misc.drawing.road_scene import draw_scene

FLOWERS = ('daisy', 'dandelion', 'roses', 'sunflowers', 'tulips')
MIT8 = ('Opencountry', 'coast', 'forest', 'highway', 'inside_city', 'mountain', 'street',
        'tallbuilding')


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
        """Draw a picture of a class, whose shape, texture and colours vary from class to class.

        It is portrait or landscape; its longer side is at most ``longest`` times the shorter one.
        """
        size = (self.side, round(self.side * rng.uniform(1, longest)))[::rng.choice([-1, 1])]
        texture, shape = divmod(label, len(SHAPES))
        return draw_emblem(rng, list(SHAPES)[shape], TEXTURES[texture % len(TEXTURES)],
                           texture % 10 >= 5, size, np.random.default_rng([2010, label]))


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
    shapes, is_100 = list(SHAPES), request.name == 'cifar100'
    classes = coarse_classes = [shape.encode() for shape in shapes]
    if is_100:
        coarse_classes = [*classes, *(b'three_%ss' % name for name in classes)]
        classes = [name + f'_{texture}'.encode() for name in coarse_classes for texture in TEXTURES]
    tests = max(len(classes), request.size // 6)
    # Shuffled within each part; each part has all classes equally often, give or take one.
    rng = request.rng(request.size)
    labels = np.concatenate([rng.permutation(np.arange(n) % len(classes))
                             for n in (tests, request.size - tests)]).tolist()
    data = np.empty((request.size, 3 * SIDE * SIDE), np.uint8)
    for index, item_rng in request.items():
        coarse, texture = labels[index], int(item_rng.integers(len(TEXTURES)))
        if is_100:
            coarse, texture = divmod(labels[index], len(TEXTURES))
        picture = draw_emblem(item_rng, shapes[coarse % 10], TEXTURES[texture], coarse >= 10)
        data[index] = picture.transpose(2, 0, 1).ravel()
    batches = 1 if is_100 else 5
    parts = [('test' if is_100 else 'test_batch', 'testing batch 1 of 1', np.arange(tests))]
    for number, chosen in enumerate(np.array_split(np.arange(tests, request.size), batches), 1):
        parts.append(('train' if is_100 else f'data_batch_{number}',
                      f'training batch {number} of {batches}', chosen))
    for name, title, chosen in parts:
        own = [labels[i] for i in chosen]
        files = [classes[labels[i]] + b'_s_%06d.png' % i for i in chosen]
        batch = {b'batch_label': title.encode(), b'data': data[chosen], b'filenames': files,
                 b'fine_labels' if is_100 else b'labels': own}
        if is_100:
            batch[b'coarse_labels'] = [label // len(TEXTURES) for label in own]
        _dump(root / name, batch)
    if is_100:
        _dump(root / 'meta', {b'fine_label_names': classes, b'coarse_label_names': coarse_classes})
    else:
        _dump(root / 'batches.meta', {b'num_cases_per_batch': len(parts[1][2]),
                                      b'label_names': classes, b'num_vis': data.shape[1]})


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
        image, lines = draw_scene(rng, kitti_camera(request.kitti_width))
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
