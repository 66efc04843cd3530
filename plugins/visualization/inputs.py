"""What a user points a model at: a picture, a folder of pictures or a video."""
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

# Those of the class folders, whose package would import mmpretrain.
PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')

_T = TypeVar('_T')


def is_video(path: Path) -> bool:
    """Whether a file is a video by its name."""
    return path.suffix.lower() in VIDEOS and not path.is_dir()


def find_pictures(path: Path) -> list[Path]:
    """The pictures that a path means: itself, or all below a folder, sorted.

    Hidden files and folders are overlooked, as in the class folders.

    Raises:
        FileNotFoundError: There is no such file, or no picture in the folder.
        ValueError: A file is no picture by its name.
    """
    if not path.exists():
        raise FileNotFoundError(f'{path}: no such file or folder')
    if not path.is_dir():
        return [_picture(path)]
    found = [_picture(file) for file in sorted(path.rglob('*')) if file.is_file() and not any(
        part.startswith('.') for part in file.relative_to(path).parts)]
    if not found:
        raise FileNotFoundError(f'{path}: no pictures in this folder; expected *'
                                f'{", *".join(PICTURES)}')
    return found


def _picture(path: Path) -> Path:
    if path.suffix.lower() not in PICTURES:
        hint = '; give a video by its own name' if path.suffix.lower() in VIDEOS else ''
        raise ValueError(f'{path}: not a picture; expected a file named *{", *".join(PICTURES)}'
                         f'{hint}')
    return path


class Video:
    """Frames of a video file, decoded one after the other by OpenCV.

    Iterating yields each frame once, RGB, uint8, H x W x 3.

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
        self._capture = cv2.VideoCapture(str(path))
        self.fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.announced = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        if not self._capture.isOpened():
            raise ValueError(f'{path}: cannot be read as a video; copy the file anew, or convert '
                             'it to .mp4')
        if not (math.isfinite(self.fps) and self.fps > 0):
            raise ValueError(f'{path}: found the frame rate {self.fps}, expected one above 0; '
                             'convert the file anew')

    def __iter__(self) -> Iterator[np.ndarray]:
        count = 0
        while True:
            read, frame = self._capture.read()
            if not read:
                break
            count += 1
            yield np.ascontiguousarray(frame[..., ::-1])
        self._capture.release()
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
