"""What a user points a model at: a picture, a folder of pictures or a video."""
import math
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

# Those of the class folders, whose package would import mmpretrain.
PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')

_DROPPINGS = ('thumbs.db', 'ehthumbs.db', 'desktop.ini')  # of Windows; macOS hides its .DS_Store
_NAMED = 5  # broken files named in an error; further ones are counted
_T = TypeVar('_T')


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in VIDEOS and not path.is_dir()


def find_pictures(path: Path) -> tuple[list[Path], dict[Path, str]]:
    """The pictures that a path means: itself, or all below a folder, sorted.

    Hidden files and folders are overlooked, as in the class folders, and so
    is what a file manager leaves (Thumbs.db).

    Returns:
        The pictures by their names, and of the folder's other files why they are none.

    Raises:
        FileNotFoundError: There is no such file, or no picture in the folder.
        ValueError: A file given by itself is no picture by its name.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such file or folder')
    if not path.is_dir():
        if reason := _foreign(path):
            raise ValueError(f'{path}: {reason}')
        return [path], {}
    files = [file for file in sorted(path.rglob('*')) if file.is_file() and not any(
        part.startswith('.') for part in file.relative_to(path).parts)
        and file.name.lower() not in _DROPPINGS]
    others = {file: reason for file in files if (reason := _foreign(file))}
    if not files:
        raise FileNotFoundError(f'{path}: no pictures in this folder; expected *'
                                f'{", *".join(PICTURES)}')
    return [file for file in files if file not in others], others


def _foreign(path: Path) -> str:
    """Why a file is no picture by its name; nothing if it may be one."""
    if path.suffix.lower() in PICTURES:
        return ''
    hint = '; give a video by its own name' if path.suffix.lower() in VIDEOS else ''
    return f'not a picture; expected a file named *{", *".join(PICTURES)}{hint}'


def find_broken(paths: Iterable[Path], check: Callable[[Path], object]) -> dict[Path, str]:
    """Look at every file before work begins; of the broken ones, what is wrong.

    Args:
        paths: The files.
        check: Raises a ValueError for a broken one, that begins with its path.
    """
    broken = {}
    for path in paths:
        try:
            check(path)
        except ValueError as error:
            broken[path] = str(error).removeprefix(f'{path}: ')
    return broken


def refuse_broken(broken: Mapping[Path, str], files: Collection[Path], advice: str) -> None:
    """Name the broken ones among some files, the first few of many, all in one error.

    Raises:
        ValueError: There are broken ones.
    """
    lines = [f'{path}: {reason}' for path, reason in sorted(broken.items())]
    if len(files) == len(lines) == 1:
        raise ValueError(f'{lines[0]}; {advice}')
    if lines:
        more = [f'and {len(lines) - _NAMED} more'] if len(lines) > _NAMED else []
        raise ValueError('\n    '.join([
            f'{len(lines)} of {len(files)} files are no pictures, or broken ones:',
            *lines[:_NAMED], *more]) + f'\n{advice}')


class Video:
    """Frames of a video file, decoded one after the other by OpenCV.

    Iterating yields each frame, RGB, uint8, H x W x 3; a second time, from the beginning again.

    Args:
        path: The file.

    Attributes:
        path: The file.
        fps: Frames a second.
        announced: How many frames the file says it has; some formats guess.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is no video that OpenCV reads, or has no frame rate or
            no frame (when iterated).
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file')
        self.path = path
        capture = cv2.VideoCapture(str(path))
        opened = capture.isOpened()
        self.fps = capture.get(cv2.CAP_PROP_FPS)
        self.announced = max(0, int(capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        capture.release()
        if not opened:
            raise ValueError(f'{path}: cannot be read as a video; copy the file anew, or convert '
                             'it to .mp4')
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f'{path}: found the frame rate {self.fps}, expected one above 0; '
                             'convert the file anew')

    def __iter__(self) -> Iterator[np.ndarray]:
        count = 0
        capture = cv2.VideoCapture(str(self.path))  # one each time: a capture cannot be rewound
        try:
            while True:
                read, frame = capture.read()
                if not read:
                    break
                count += 1
                yield np.ascontiguousarray(frame[..., ::-1])
        finally:
            capture.release()
        if not count:
            raise ValueError(f'{self.path}: no frame of this video can be decoded; copy or '
                             'convert the file anew')
        if count < self.announced:
            print(f'{self.path}: {count} frames could be decoded, the file announces '
                  f'{self.announced}; it may have been cut off', file=sys.stderr)


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Lists of ``size`` items, the last one of what is left; lazily."""
    batch: list[_T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
