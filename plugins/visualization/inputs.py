"""A model's inputs: a picture, a folder of pictures or a video."""
import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from rich.progress import track

from plugins.engine.images import CONVERT, SUFFIXES, read_image
from plugins.engine.wording import some

VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')
# Containers of pictures; a playlist with the name of a video would show the files that it names.
os.environ.setdefault('OPENCV_FFMPEG_CAPTURE_OPTIONS',
                      'format_whitelist;mov,avi,matroska,webm,mpeg,mpegts,mpegvideo')

_DROPPINGS = ('thumbs.db', 'ehthumbs.db', 'desktop.ini')  # of Windows; macOS hides its .DS_Store
_T = TypeVar('_T')


def with_progress(items: Iterable[_T], what: str, total: int | None = None) -> Iterable[_T]:
    """The items, with a progress bar if the output is a terminal."""
    return track(items, what, total, disable=not sys.stdout.isatty())


def is_video(path: Path) -> bool:
    """Whether a file's suffix is that of a video."""
    return path.suffix.lower() in VIDEOS and not path.is_dir()


def find_files(path: Path) -> list[Path]:
    """The file itself, or all files below a folder, sorted, without hidden ones and Windows' own.

    Links to folders are followed; a broken link counts as a file.

    Raises:
        OSError: There is no file, a folder cannot be read, or a link leads back to its own folder.
    """
    if not path.is_dir():
        return [path]
    files = sorted(_below(path))
    if not files:
        raise FileNotFoundError(f'{path}: no pictures in this folder; expected *'
                                f'{", *".join(SUFFIXES)}')
    return files


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir() and any(map(path.samefile, path.parents)):
            raise OSError(f'{path}: is, by a link, a folder that it lies in; remove the link')
        if not path.name.startswith('.') and path.name.lower() not in _DROPPINGS:
            yield from _below(path) if path.is_dir() else [path]


def check_pictures(files: Sequence[Path]) -> None:
    """Check, before any work, that files have a picture's suffix and can be decoded.

    Raises:
        ValueError: Some cannot; the message names the first few, with the reason.
    """
    broken = []
    for path in with_progress(files, 'check') if len(files) > 1 else files:
        try:
            if path.suffix.lower() not in SUFFIXES:
                hint = 'give a video by its own name' if is_video(path) else CONVERT
                raise ValueError('not a picture; expected a file named '
                                 f'*{", *".join(SUFFIXES)}; {hint}')
            if path.exists() and not path.is_file():
                raise ValueError('not a file; remove it')
            read_image(path)
        except ValueError as error:
            broken.append(f"{path}: {str(error).removeprefix(f'{path}: ')}")
    if len(files) > 1 and broken:
        named = some(broken, '\n    ', most=5)
        raise ValueError(f'{len(broken)} of {len(files)} files are broken or no pictures:\n    '
                         f'{named}\nMend them, or move them elsewhere')
    for only in broken:
        raise ValueError(only)


class Video:
    """Frames of a video file, decoded once, one by one, with OpenCV: RGB, uint8, H x W x 3.

    Args:
        path: The file.

    Attributes:
        fps: Frames per second.
        announced: Number of frames according to the file; an estimate in some formats.

    Raises:
        ValueError: OpenCV cannot read it as a video, or it has no frame rate.
    """

    def __init__(self, path: Path) -> None:
        self.path, self._capture = path, cv2.VideoCapture(_text(path), cv2.CAP_FFMPEG)
        self.fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.announced = max(0, int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))
        if not 0 < self.fps < np.inf:  # 0 where it cannot be opened
            raise ValueError(f'{path}: cannot be read as a video (frame rate {self.fps:g}); copy '
                             'the file again, or convert it to .mp4')

    def __iter__(self) -> Iterator[np.ndarray]:
        count = 0
        while (frame := self._capture.read()[1]) is not None:
            count += 1
            yield np.ascontiguousarray(frame[..., ::-1])
        if count < self.announced:
            print(f'{self.path}: {count} frames could be decoded, the file announces '
                  f'{self.announced}; it may have been cut off', file=sys.stderr)


def write_video(path: Path, frames: Iterable[np.ndarray], fps: float) -> None:
    """Encode pictures (RGB, uint8, of one size) as MPEG-4, which every OpenCV build supports.

    Raises:
        OSError: OpenCV cannot write it.
        ValueError: There is no frame.
    """
    writer = cv2.VideoWriter()
    try:
        for frame in frames:
            height, width = (side - side % 2 for side in frame.shape[:2])  # must be even
            if not writer.isOpened() and not writer.open(
                    _text(path), cv2.VideoWriter_fourcc(*'mp4v'), fps, (width, height)):
                raise OSError(f'{path}: OpenCV cannot write a video here')
            writer.write(frame[:height, :width, ::-1].copy())
        if not writer.isOpened():
            raise ValueError(f'{path}: no frame of this video can be decoded; convert it again')
    finally:
        writer.release()
    if not cv2.VideoCapture(str(path)).read()[0]:  # OpenCV does not say that the disk is full
        raise OSError(errno.EIO, 'OpenCV could not write the video; is the disk full?', str(path))


def _text(path: Path) -> str:
    try:
        return os.fsencode(path).decode()
    except UnicodeDecodeError as error:  # OpenCV would end the process
        raise ValueError(f'{path}: rename it, OpenCV reads UTF-8 names') from error


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield lists of ``size`` items; the last one may be shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
