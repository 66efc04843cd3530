"""Read KITTI's object label files, also with a user's own types, and reject broken ones.

The readme in KITTI's object development kit defines the format: one line per object, 15 fields
separated by spaces.
"""
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TYPES = ('Car', 'Van', 'Truck', 'Pedestrian', 'Person_sitting', 'Cyclist', 'Tram', 'Misc',
         'DontCare')
FIELDS = ('type', 'truncated', 'occluded', 'alpha', 'x1', 'y1', 'x2', 'y2', 'height', 'width',
          'length', 'x', 'y', 'z', 'rotation_y')


@dataclass(frozen=True)
class KittiObject:
    """One line of a label file, without its 3D fields.

    Attributes:
        type: One of TYPES, or a user's own.
        truncated: Share of the object outside the image, 0 to 1; -1 unknown.
        occluded: 0 visible, 1 partly, 2 largely occluded, 3 unknown; -1 DontCare.
        alpha: Observation angle in radians; -10 where it does not apply.
        bbox: x1, y1, x2, y2 in pixels from 0; not checked, see labelled_boxes.inside.
        line: Line number in its file, from 1.
    """

    type: str
    truncated: float
    occluded: int
    alpha: float
    bbox: tuple[float, float, float, float]
    line: int


def read_labels(path: str | Path, types: Sequence[str] | None = TYPES) -> list[KittiObject]:
    """Read one label file, see :func:`text_lines`; with ``types=None``, objects of any type.

    Raises:
        ValueError: A line has a wrong format.
    """
    return [_parse_line(fields, number, Path(path), types) for number, fields
            in text_lines(Path(path), len(FIELDS), f'{len(FIELDS)}: {" ".join(FIELDS)}')]


def text_lines(path: Path, count: int, expected: str) -> Iterator[tuple[int, list[str]]]:
    """Number, from 1, and fields of each line of a label file, one object per line.

    Windows line ends, a byte order mark and blank lines at the end are
    accepted. An empty file is an image without objects.

    Raises:
        ValueError: It is no text, or a line has another number of fields.
    """
    try:
        lines = path.read_bytes().decode('utf-8-sig').rstrip().splitlines()
    except UnicodeDecodeError as error:
        raise ValueError(f'{path}: not a text file ({error}); a label file is plain text, '
                         'one object per line') from error
    for number, line in enumerate(lines, 1):
        if len(fields := line.split()) != count:
            raise wrong_line(path, number, f'{len(fields)} fields', expected)
        yield number, fields


def _parse_line(fields: list[str], line: int, path: Path, types: Sequence[str] | None
                ) -> KittiObject:
    if types is not None and fields[0] not in types:
        raise wrong_line(path, line, f'the type {fields[0]!r}', f'one of {", ".join(types)}')
    values = {name: finite(name, text, line, path)
              for name, text in zip(FIELDS[1:], fields[1:], strict=True)}
    levels = (-1, 0, 1, 2, 3) if fields[0] == 'DontCare' else (0, 1, 2, 3)
    if values['occluded'] not in levels:
        raise wrong_line(path, line, f'occluded = {values["occluded"]:g} for {fields[0]}',
                         f'one of {", ".join(map(str, levels))}')
    if values['truncated'] != -1 and not 0 <= values['truncated'] <= 1:
        raise wrong_line(path, line, f'truncated = {values["truncated"]:g}',
                         'a share from 0 to 1, or -1 where unknown')
    return KittiObject(
        type=fields[0], truncated=values['truncated'], occluded=int(values['occluded']),
        alpha=values['alpha'], bbox=tuple(values[k] for k in ('x1', 'y1', 'x2', 'y2')), line=line)


def finite(name: str, text: str, line: int, path: Path) -> float:
    """A field as a finite number; ValueError otherwise."""
    try:
        # Python would also accept 1_850 and digits of other scripts.
        value = float(text) if text.isascii() and '_' not in text else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise wrong_line(path, line, f'{name} = {text!r}', 'a number')
    return value


def wrong_line(path: Path, line: int, found: str, expected: str) -> ValueError:
    """The error for a line of a label file; the caller raises it."""
    return ValueError(f'{path}:{line}: found {found}, expected {expected}. Correct this line, or '
                      'remove the image and its label file from the data set.')
