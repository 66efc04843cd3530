"""Image files into one uint8 array: decoded once, in RAM or memory-mapped."""
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from plugins.classification.datasets.image_array import ImageArray, digest_of, fingerprint_of
from plugins.classification.datasets.unfinished import PREFIX, make_room
from plugins.engine.files import resolve_path

RESIZE_MODES = ('center_crop', 'stretch')


def decode_files(paths: Sequence[Path],
                 labels: Sequence[int],
                 classes: Sequence[str],
                 size: int | tuple[int, int],
                 resize: str = 'center_crop',
                 max_ram_gb: float = 2,
                 cache_dir: str | Path = 'work_dirs/cache') -> ImageArray:
    """Decode files to one size; what every source of image files ends with.

    Pillow decodes, in threads (it releases the interpreter lock): unlike
    OpenCV it reports truncated files instead of filling them with grey. EXIF
    orientation is applied, grey images get three equal channels, alpha is
    dropped, 16-bit greys keep their upper byte. Resampling is bilinear with
    antialiasing, as torchvision's Resize of a PIL image.

    Args:
        paths: N image files.
        labels: N indices into ``classes``.
        classes: Class names.
        size: (H, W), or one int for a square.
        resize: 'center_crop' keeps proportions and cuts what protrudes (the
            shorter side fits); 'stretch' keeps all pixels and distorts.
        max_ram_gb: A larger array (in 1e9 bytes) becomes a memory-mapped file.
        cache_dir: Folder of such files. They are keyed by the names, sizes
            and modification times of the images, by size and resize; deleting
            them is always safe.

    Raises:
        ValueError: Another size or resize mode, or a file that cannot be decoded.
        OSError: No room for the memory-mapped file.
    """
    if resize not in RESIZE_MODES:
        raise ValueError(f'resize={resize!r}; expected one of {RESIZE_MODES}')
    shape = (len(paths), 3, *_height_width(size))
    classes = tuple(classes)
    if np.prod(shape, dtype=np.int64) <= max_ram_gb * 1e9:
        images = np.empty(shape, np.uint8)
        _decode_into(images, paths, resize)
        return ImageArray(images, labels, classes, names=file_names(paths))

    images, digest = _memory_map(paths, shape, resize, resolve_path(cache_dir))
    labels = np.asarray(labels, dtype=np.int64)
    return ImageArray(images, labels, classes, fingerprint_of(digest, labels, classes),
                      file_names(paths))


def file_names(paths: Sequence[Path]) -> list[str]:
    """What names each file whatever way leads to it, see :class:`ImageArray`.

    Links to folders are followed. Links to files are not: two of them may
    well mean two images (stores like DVC keep equal files once).
    """
    folders = {folder: folder.resolve() for folder in {path.parent for path in paths}}
    return [f'{folders[path.parent]}{os.sep}{path.name}' for path in paths]


def _height_width(size: int | Sequence[int]) -> tuple[int, int]:
    """Both sides of ``size``, checked: NumPy and Pillow would fail late and unclearly."""
    pair = tuple(size) if isinstance(size, list | tuple) else (size, size)
    # type() and not isinstance(): True is an int too
    if len(pair) != 2 or any(type(side) is not int or side < 1 for side in pair):
        raise ValueError(f'size={size!r}; expected a positive whole number of pixels (a square) '
                         'or two of them, (height, width); correct size')
    return pair


def _decode_into(images: np.ndarray, paths: Sequence[Path], resize: str):
    """Fill ``images`` (N x 3 x H x W) in place."""
    height, width = images.shape[2:]

    def fill(row: int):
        picture = fitted(read_rgb(paths[row]), height, width, resize)
        images[row] = picture.transpose(2, 0, 1)

    with ThreadPoolExecutor() as pool:
        for _ in pool.map(fill, range(len(paths))):
            pass  # only to raise what a thread raised


def fitted(image: Image.Image, height: int, width: int, resize: str) -> np.ndarray:
    """Bring a decoded picture to the stored size: uint8, height x width x 3, RGB."""
    if resize == 'stretch':
        return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    return np.asarray(ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR))


def read_rgb(path: Path) -> Image.Image:
    """Read one image file at its own size as 8-bit RGB, upright, see :func:`decode_files`.

    Raises:
        ValueError: It cannot be decoded to the end; the cause tells why.
    """
    try:
        with Image.open(path) as image:
            image.load()
            return _eight_bits(ImageOps.exif_transpose(image)).convert('RGB')
    except Exception as error:  # Pillow's readers raise OSError, SyntaxError, struct.error, ...
        raise ValueError(f'{path}: cannot be decoded as an image ({error}); '
                         'replace the file or delete it') from error


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit greys down; Pillow's convert() would clip them at 255."""
    if image.mode[0] not in 'IF':  # 'I', 'I;16', 'I;16B', 'F': more than 8 bits
        return image
    pixels = np.asarray(image)
    if image.mode == 'F' or pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError(f'pixels of {pixels.dtype} have no known range; expected 8 or 16 bits')
    return Image.fromarray((pixels.astype(np.uint16) >> 8).astype(np.uint8))


def _memory_map(paths: Sequence[Path], shape: tuple[int, ...], resize: str,
                cache_dir: Path) -> tuple[np.ndarray, str]:
    """The decoded array as a memory map, and its digest; decoded if need be."""
    state = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    key = hashlib.sha256(json.dumps([state, shape, resize]).encode()).hexdigest()[:24]
    array, marker = cache_dir / f'{key}.npy', cache_dir / f'{key}.json'
    found = _open_finished(array, marker, shape)
    if found is None:
        _build(array, marker, paths, shape, resize)
        found = _open_finished(array, marker, shape)
    if found is None:
        raise OSError(f'{array}: just written, but cannot be read back as uint8 {shape}; '
                      f'check the file system of {cache_dir} or name another cache_dir')
    return found


def _open_finished(array: Path, marker: Path,
                   shape: tuple[int, ...]) -> tuple[np.ndarray, str] | None:
    """Open a finished cache file; None where there is none or it is damaged."""
    try:
        images = np.load(array, mmap_mode='r')
        digest = json.loads(marker.read_text())['digest']
    except (OSError, ValueError, KeyError, EOFError):
        return None
    return (images, digest) if images.dtype == np.uint8 and images.shape == shape else None


def _build(array: Path, marker: Path, paths: Sequence[Path], shape: tuple[int, ...], resize: str):
    """Decode into a cache file and then write its marker.

    Each process writes files of its own and renames them: a reader never
    sees half a file, and ranks that build at the same time produce the same
    bytes, whichever rename comes last.
    """
    needed = int(np.prod(shape, dtype=np.int64))
    make_room(array.parent, needed, 'the decoded images',
              'name another cache_dir or raise max_ram_gb')
    with tempfile.TemporaryDirectory(dir=array.parent, prefix=PREFIX) as own:
        images = np.lib.format.open_memmap(f'{own}/array.npy', 'w+', np.uint8, shape)
        _decode_into(images, paths, resize)
        images.flush()
        digest = digest_of(images)
        del images  # Windows does not rename a file that is mapped
        Path(own, 'marker.json').write_text(json.dumps(
            {'digest': digest, 'shape': shape, 'resize': resize, 'first': str(paths[0])}))
        os.replace(f'{own}/array.npy', array)
        os.replace(f'{own}/marker.json', marker)
