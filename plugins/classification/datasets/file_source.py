"""Data sets of image files, decoded once into one uint8 array in RAM or in a memory map."""
import hashlib
import inspect
import json
import math
import os
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from plugins.classification.datasets.array_file import describe, make_room, new_array, open_array
from plugins.classification.datasets.source import RESIZE, Source, fitted
from plugins.engine import checks
from plugins.engine.files import checksum, resolve_path
from plugins.engine.images import read_image


class FileSource(Source):
    """A data set of image files; a subclass only lists them::

        @SOURCES.register_module(name='from_list')
        class FromList(FileSource):
            def find(self):
                lines = [line.split() for line in (self.root / 'list.txt').read_text().splitlines()]
                return [self.root / name for name, _ in lines], [int(k) for _, k in lines], 'ab'

    These files are decoded before training, in threads; damaged ones are an error.

    Args:
        data_root: The folder of the data set.
        size: (height, width) of the stored images, or one int for a square.
        resize: How images are resized: 'center_crop' or 'stretch', see
            ``plugins.classification.datasets.source.fitted``.
        max_ram_gb: A larger array (in 1e9 bytes) becomes a memory-mapped file.
        cache_dir: Folder of such files. Their names depend on the content of the image files (their
            SHA-256, which takes 0.5 s for 3 670 files of 12 kB on two cores), size, resize and the
            code that decodes; deleting them is always safe.

    Raises:
        ValueError: Wrong size or resize mode; on reading, a file that cannot be decoded.
        OSError: On reading: no space for the memory-mapped file.
    """

    size: tuple[int, int] = None  # known without decoding

    def __init__(self, data_root: str | Path, size: int | tuple[int, int],
                 resize: str = 'center_crop', max_ram_gb: float = 2,
                 cache_dir: str | Path = 'work_dirs/cache') -> None:
        self.root = resolve_path(data_root)
        self.size = checks.size('', 'size', size)
        self.resize = checks.one_of('', 'resize', resize, RESIZE)
        self.max_ram_gb = max_ram_gb
        self.cache_dir = resolve_path(cache_dir)

    @abstractmethod
    def find(self) -> tuple[Sequence[Path], Sequence[int], Sequence[str]]:
        """Return the N image files, their labels and the class names."""

    @cached_property
    def _found(self) -> tuple[Sequence[Path], Sequence[int], Sequence[str]]:
        return self.find()

    @property
    def paths(self) -> Sequence[Path]:
        """The image files, in the order of the images."""
        return self._found[0]

    def listing(self) -> tuple[Sequence[str], Sequence[int], Sequence[str]]:
        """See :class:`Source`; names are paths, with links to folders resolved.

        Links to files are not followed, as two of them may be two images (tools like DVC store
        equal files once).
        """
        paths, labels, classes = self._found
        folders = {folder: folder.resolve() for folder in {path.parent for path in paths}}
        names = [f'{folders[path.parent]}{os.sep}{path.name}' for path in paths]
        return names, labels, classes

    def picture(self, row: int) -> np.ndarray:
        return np.asarray(read_image(self.paths[row]))

    def place(self, row: int) -> str:
        return self.paths[row].relative_to(self.root).as_posix()

    def decode(self) -> np.ndarray:
        shape = (len(self.paths), 3, *self.size)
        if math.prod(shape) > self.max_ram_gb * 1e9:
            return self._mapped(shape)
        images = np.empty(shape, np.uint8)
        self._fill(images)
        return images

    def _fill(self, images: np.ndarray) -> None:
        def decode(row: int) -> None:
            images[row] = fitted(read_image(self.paths[row]), *self.size, self.resize)

        with ThreadPoolExecutor() as pool:
            for _ in pool.map(decode, range(len(images))):
                pass  # re-raises errors of the threads

    def _mapped(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return the images as a memory map; they are decoded if not stored yet.

        Processes that decode at the same time write the same bytes, each into its own file.
        """
        code = [Path(inspect.getfile(step)) for step in (read_image, fitted)]
        with ThreadPoolExecutor() as pool:
            content = list(pool.map(checksum, [*code, *self.paths]))
        about = [Image.__version__, content, shape, self.resize]
        key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:24]
        path = self.cache_dir / f'{key}.npy'
        with suppress(OSError, ValueError):  # missing or damaged
            return open_array(path, np.uint8, shape)
        make_room(self.cache_dir, math.prod(shape), 'the decoded images',
                  'name another cache_dir or raise max_ram_gb')
        with new_array(path, np.uint8, shape) as partial:
            images = np.load(partial, mmap_mode='r+')
            self._fill(images)
            images.flush()
            del images  # Windows does not rename a file that is mapped
        describe(path, {'shape': shape, 'resize': self.resize})
        return np.load(path, mmap_mode='r')
