"""Writers of the sample data sets: one function a set, in its official layout."""
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from rich.progress import track

from tools.misc.draw_road_scenes import draw_scene
from tools.misc.drawing import class_names as names
from tools.misc.drawing.birds import draw_bird
from tools.misc.drawing.camera import kitti_camera
from tools.misc.drawing.emblems import SHAPES, SIDE, TEXTURES, draw_emblem
from tools.misc.drawing.flowers import draw_flowers
from tools.misc.drawing.places import draw_place

_WORTH_A_POOL = 100  # scenes; starting the processes takes as long as drawing some 20


@dataclass(frozen=True)
class Request:
    """What a writer needs to know about the set it shall make.

    Attributes:
        name: The set's name on the command line.
        size: Number of images.
        seed: The user's seed, at least 0.
        kitti_width: Width of the road scenes in pixels.
        species: How many kinds of birds, 1 to 200.
        side: Shorter side of birds, flowers and MIT scenes in pixels.
    """

    name: str
    size: int
    seed: int
    kitti_width: int
    species: int
    side: int

    def rng(self, index: int = 0) -> np.random.Generator:
        """Random numbers of item ``index``: those of other items and sets leave them alone."""
        return np.random.default_rng([self.seed, zlib.crc32(self.name.encode()), index])

    def items(self) -> Iterator[tuple[int, np.random.Generator]]:
        """Every item's index and random numbers, behind a progress bar."""
        for index in track(range(self.size), f'{self.name:8}'):
            yield index, self.rng(index)


@dataclass(frozen=True)
class SampleSet:
    """One data set that can be made.

    Attributes:
        folder: Its official folder, below OUT.
        size: Default number of images.
        minimum: Fewest images with which every class is in every part.
        write: Fills an existing, empty folder.
        maximum: Most images there are, where the set is not drawn.
    """

    folder: str
    size: int
    minimum: int
    write: Callable[[Path, Request], None]
    maximum: int | None = None


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
    rng = request.rng()
    shuffled = [rng.permutation(np.flatnonzero(bunch.target == digit)) for digit in range(10)]
    # Ordered by rank relative to the size of the class, so that any prefix is stratified.
    order = sorted((rank / len(members), digit, index) for digit, members in enumerate(shuffled)
                   for rank, index in enumerate(members))[:request.size]
    for digit in range(10):
        kept = [index for _, of, index in order if of == digit]
        tests = max(1, round(.2 * len(kept)))
        for part, members in (('test', kept[:tests]), ('train', kept[tests:])):
            folder = root / part / str(digit)
            folder.mkdir(parents=True)
            for index in members:
                save_image(folder / f'{index:04d}.png', images[index])


def write_cifar10(root: Path, request: Request) -> None:
    """`data_batch_1` to `_5`, `test_batch` and `batches.meta`; one sixth is the test set."""
    shapes = list(SHAPES)

    def draw(rng: np.random.Generator, label: int) -> np.ndarray:
        return draw_emblem(rng, shapes[label], str(rng.choice(TEXTURES)), several=False)

    data, labels, tests = _draw_cifar(request, len(names.CIFAR10), draw)
    files = [f'{names.CIFAR10[label]}_s_{index:06d}.png'.encode()
             for index, label in enumerate(labels)]
    parts = [('test_batch', b'testing batch 1 of 1', np.arange(tests))]
    for number, chosen in enumerate(np.array_split(np.arange(tests, request.size), 5), 1):
        parts.append((f'data_batch_{number}', f'training batch {number} of 5'.encode(), chosen))
    for name, title, chosen in parts:
        _dump(root / name, {b'batch_label': title, b'labels': [labels[i] for i in chosen],
                            b'data': data[chosen], b'filenames': [files[i] for i in chosen]})
    _dump(root / 'batches.meta', {b'num_cases_per_batch': len(parts[1][2]),
                                  b'label_names': [name.encode() for name in names.CIFAR10],
                                  b'num_vis': data.shape[1]})


def write_cifar100(root: Path, request: Request) -> None:
    """`train`, `test` and `meta`; one sixth is the test set.

    A superclass shares its shape and the number of copies; its five classes
    differ by their texture.
    """
    shapes = list(SHAPES)

    def draw(rng: np.random.Generator, label: int) -> np.ndarray:
        coarse, place = names.CIFAR100_GROUPS[label]
        return draw_emblem(rng, shapes[coarse % 10], TEXTURES[place], several=coarse >= 10)

    data, labels, tests = _draw_cifar(request, len(names.CIFAR100_FINE), draw)
    for name, title, chosen in (('test', b'testing batch 1 of 1', range(tests)),
                                ('train', b'training batch 1 of 1', range(tests, request.size))):
        files = [f'{names.CIFAR100_FINE[labels[i]]}_s_{i:06d}.png'.encode() for i in chosen]
        coarse = [names.CIFAR100_GROUPS[labels[i]][0] for i in chosen]
        _dump(root / name, {b'filenames': files, b'batch_label': title, b'data': data[chosen],
                            b'fine_labels': [labels[i] for i in chosen],
                            b'coarse_labels': coarse})
    _dump(root / 'meta', {b'fine_label_names': [name.encode() for name in names.CIFAR100_FINE],
                          b'coarse_label_names': [name.encode() for name in names.CIFAR100_COARSE]})


def _draw_cifar(request: Request, classes: int, draw: Callable[[np.random.Generator, int],
                np.ndarray]) -> tuple[np.ndarray, list[int], int]:
    """Rows (N, 3072) of RGB planes, their labels, and how many of the first are for testing."""
    tests = max(classes, request.size // 6)
    # Shuffled within each part; each part has all classes equally often, give or take one.
    rng = request.rng(request.size)
    labels = np.concatenate([rng.permutation(np.arange(n) % classes)
                             for n in (tests, request.size - tests)]).tolist()
    data = np.empty((request.size, 3 * SIDE * SIDE), np.uint8)
    for index, item_rng in request.items():
        data[index] = draw(item_rng, labels[index]).transpose(2, 0, 1).ravel()
    return data, labels, tests


class _Python2Pickler(pickle._Pickler):
    """Writes bytes as the strings of Python 2, as the official files hold them.

    So the files open with ``encoding='bytes'`` and with ``encoding='latin1'``
    alike. The pure Python pickler is the one whose opcodes can be chosen.
    """

    dispatch = pickle._Pickler.dispatch.copy()

    def save_bytes(self, obj: bytes) -> None:
        if len(obj) < 256:
            self.write(pickle.SHORT_BINSTRING + struct.pack('<B', len(obj)) + obj)
        else:
            self.write(pickle.BINSTRING + struct.pack('<i', len(obj)) + obj)
        self.memoize(obj)

    dispatch[bytes] = save_bytes

    def save_global(self, obj: object, name: str | None = None) -> None:
        if getattr(obj, '__name__', None) == '_reconstruct':  # numpy 2 moved it
            self.write(b'cnumpy.core.multiarray\n_reconstruct\n')
            self.memoize(obj)
        else:
            super().save_global(obj, name)


def _dump(path: Path, content: dict) -> None:
    with path.open('wb') as file:
        _Python2Pickler(file, protocol=2).dump(content)


def write_cub200(root: Path, request: Request) -> None:
    """`images/<NNN.Name>/*.jpg` and `lists/{files,train,test}.txt`, half of each for training."""
    lists: dict[str, list[str]] = {'files': [], 'train': [], 'test': []}
    for index, rng in request.items():
        number, copy = index % request.species, index // request.species
        folder = names.CUB200[number]
        line = f'{folder}/{folder[4:]}_{copy + 1:04d}_{rng.integers(10 ** 9, 10 ** 10)}.jpg'
        path = root / 'images' / line
        path.parent.mkdir(parents=True, exist_ok=True)
        save_image(path, draw_bird(rng, number, *_extent(request, rng)))
        lists['files'].append(line)
        lists['train' if copy % 2 == 0 else 'test'].append(line)
    (root / 'lists').mkdir()
    for name, lines in lists.items():
        text = ''.join(f'{line}\n' for line in sorted(lines))
        (root / 'lists' / f'{name}.txt').write_text(text)


def write_flowers(root: Path, request: Request) -> None:
    """`<class>/*.jpg`."""
    for index, rng in request.items():
        kind = names.FLOWERS[index % len(names.FLOWERS)]
        path = root / kind / f'{rng.integers(10 ** 9, 10 ** 10)}_{index:06d}.jpg'
        path.parent.mkdir(exist_ok=True)
        save_image(path, draw_flowers(rng, kind, *_extent(request, rng)))


def write_mit8(root: Path, request: Request) -> None:
    """`{train,test}/<class>/*.jpg`, square; 70 % for training, as in the official split."""
    for index, rng in request.items():
        copy, label = divmod(index, len(names.MIT8))
        # 7 of 10 copies, the first one among them and the second one not.
        part = 'train' if copy * 7 % 10 < 7 else 'test'
        kind = names.MIT8[label]
        path = root / part / kind / f'{kind}_{copy:04d}.jpg'
        path.parent.mkdir(parents=True, exist_ok=True)
        save_image(path, draw_place(rng, kind, request.side))


def _extent(request: Request, rng: np.random.Generator) -> tuple[int, int]:
    """Height and width of a photograph, upright or lying, up to 3:2."""
    longer = round(request.side * rng.uniform(1, 1.5))
    return (request.side, longer) if rng.random() < .7 else (longer, request.side)


def write_kitti(root: Path, request: Request) -> None:
    """`training/image_2/NNNNNN.png` and `training/label_2/NNNNNN.txt`."""
    for folder in ('image_2', 'label_2'):
        (root / 'training' / folder).mkdir(parents=True)
    write = partial(_write_scene, root / 'training', request)
    if request.size < _WORTH_A_POOL:
        for index, _ in request.items():
            write(index)
        return
    # spawn: a fork of a process that has used threads (OpenCV, torch) may hang
    with ProcessPoolExecutor(mp_context=get_context('spawn')) as pool:
        scenes = pool.map(write, range(request.size), chunksize=8)
        for _ in track(scenes, f'{request.name:8}', total=request.size):
            pass


def _write_scene(folder: Path, request: Request, index: int) -> None:
    image, lines = draw_scene(request.rng(index), kitti_camera(request.kitti_width))
    # Fast to write, and smaller here than the default strategy.
    png = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE)
    save_image(folder / 'image_2' / f'{index:06d}.png', image, *png)
    (folder / 'label_2' / f'{index:06d}.txt').write_text(''.join(f'{line}\n' for line in lines))


SETS = {
    'digits': SampleSet('digits', 1797, 20, write_digits, maximum=1797),
    'cifar10': SampleSet('cifar10/cifar-10-batches-py', 3000, 20, write_cifar10),
    'cifar100': SampleSet('cifar100/cifar-100-python', 6000, 200, write_cifar100),
    'cub200': SampleSet('CUB_200_2010', 300, 2, write_cub200),
    'flowers': SampleSet('flower_photos', 500, 5, write_flowers),
    'mit8': SampleSet('MIT_split', 480, 16, write_mit8),
    'kitti': SampleSet('kitti', 480, 1, write_kitti),
}
