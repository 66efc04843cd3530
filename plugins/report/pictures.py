"""Embed pictures as data URIs, and read the example images that tools/test.py saved."""
import base64
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from plugins.engine import records
from plugins.engine.run_reader import Run

_KEYS = {'mistakes': ('name', 'truth', 'predicted', 'confidence'), 'detections': ('name',)}
_WIDEST = 1000  # pixels


class Inline(NamedTuple):
    """A picture for an ``<img>``: ``data:image/png;base64,...``, and its size in pixels."""

    uri: str
    width: int
    height: int


class Examples(NamedTuple):
    """Example images from a test."""

    kind: str  # mistakes or detections
    shown: list[tuple[Inline, Mapping[str, Any]]]  # each with its entry in examples.json


def inline(path: Path, folder: Path) -> Inline:
    """Encode a picture file of a folder as a data URI; longer sides are scaled to 1000 pixels.

    Raises:
        ValueError: The file is missing, damaged, not a PNG, JPEG or WebP picture, or a link to a
            picture outside the folder, which nobody asked to show.
    """
    try:
        records.own_file(path, folder)
        with Image.open(path, formats=('PNG', 'JPEG', 'WEBP')) as image:
            content, kind = path.read_bytes(), image.format.lower()
            if max(image.size) > _WIDEST:
                image = image.convert('RGB')
                image.thumbnail((_WIDEST, _WIDEST))
                buffer = io.BytesIO()
                image.save(buffer, 'WEBP', quality=75)
                content, kind = buffer.getvalue(), 'webp'
            uri = f'data:image/{kind};base64,{base64.b64encode(content).decode()}'
            return Inline(uri, *image.size)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f'{path}: not readable as a picture ({error})') from error


def read_examples(entry: Run, most: Mapping[str, int]) -> Examples | None:
    """Read the example images of a run's test; None if there are none, or only of another test.

    Args:
        most: Maximum number of examples to read, by kind.

    Raises:
        ValueError: The record or a picture is damaged.
    """
    folder = entry.folder / records.TEST_FOLDER / records.EXAMPLES
    path = folder / records.EXAMPLES_RECORD
    if entry.tested is None or not path.is_file():
        return None
    record = records.read_record(path, entry.folder)
    if any(record.get(key) != entry.tested.get(key) for key in ('checkpoint', 'config_hash')):
        return None
    try:
        kind = record['kind']
        shown = [{key: one[key] for key in ('file', *_KEYS[kind])}
                 for one in record['examples'][:most[kind]]]
        return Examples(kind, [(inline(folder / Path(one['file']).name, entry.folder), one)
                               for one in shown])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f'{path}: not as tools/test.py writes it ({type(error).__name__}: '
                         f'{error}); test again') from error
