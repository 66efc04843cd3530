"""Images out of a random generator, in the formats that the data sets have on disk."""
import pickle
from pathlib import Path

import numpy as np
from PIL import Image

CIFAR_CLASSES = 10


def write_cifar10(root: Path, per_class: int, seed: int = 0) -> Path:
    """Write CIFAR-10's files, with as many training images as wanted (32 px) and 100 for the test.

    Each class has a tint of its own, so that there is something to learn.

    Args:
        root: Folder, which gets ``cifar-10-batches-py``.
        per_class: Training images of each of the 10 classes.
        seed: Of all pixels and of the order.
    """
    folder = root / 'cifar-10-batches-py'
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(per_class * CIFAR_CLASSES) % CIFAR_CLASSES)
    parts = [*zip((f'data_batch_{n}' for n in range(1, 6)), np.array_split(labels, 5), strict=True),
             ('test_batch', np.arange(100) % CIFAR_CLASSES)]
    for name, part in parts:
        data = tinted(rng, part, CIFAR_CLASSES, 32).reshape(len(part), -1)
        _dump(folder / name, {b'data': data, b'labels': part.tolist()})
    _dump(folder / 'batches.meta',
          {b'label_names': [f'class{n}'.encode() for n in range(CIFAR_CLASSES)]})
    return root


def tinted(rng: np.random.Generator, labels: np.ndarray, classes: int, side: int) -> np.ndarray:
    """Noise around a colour that the label sets: uint8, N x 3 x side x side."""
    colours = np.random.default_rng(classes).integers(40, 160, (classes, 3))
    noise = rng.integers(0, 96, (len(labels), 3, side, side), np.uint8)
    return noise + colours[labels][:, :, None, None].astype(np.uint8)


def write_class_folders(root: Path, images: int, classes: list[str], side: int,
                        seed: int = 0) -> Path:
    """Write JPEG files, one folder a class, equally many in each but for a remainder.

    Coarse noise around the class's colour: it survives compression and resizing.
    """
    rng = np.random.default_rng(seed)
    labels = np.arange(images) % len(classes)
    for name in classes:
        (root / name).mkdir(parents=True)
    coarse = tinted(rng, labels, len(classes), 12)
    for number, label in enumerate(labels):
        picture = Image.fromarray(coarse[number].transpose(1, 2, 0))
        picture = picture.resize((side, side), Image.Resampling.BILINEAR)
        picture.save(root / classes[label] / f'{number:06}.jpg', quality=90)
    return root


def _dump(path: Path, content: dict) -> None:
    path.write_bytes(pickle.dumps(content, protocol=2))
