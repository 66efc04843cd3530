"""Pictures of a data set side by side: as they are stored, and as a network sees them."""
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from .detections import text_size
from .drawing import (
    BLUE,
    GREEN,
    GREY,
    VERMILION,
    WHITE,
    YELLOW,
    Canvas,
    Line,
    at_least,
    font,
    shortened,
    text_width,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

_PAPER, _INK, _FAINT, _RULE = (255, 255, 255), (25, 25, 25), (120, 120, 120), (205, 205, 205)
_MARGIN, _GAP, _LABEL, _SIZE = 14, 4, 190, 15  # pixels


# KITTI's difficulties, and objects without one, by colour and by line.
LINES = {'easy': Line(GREEN, 3), 'moderate': Line(YELLOW, 3, (6, 2)),
         'hard': Line(VERMILION, 3, (2, 2)), 'none': Line(GREY, 2, (1, 2)), None: Line(BLUE, 3)}
_WORDS = {'easy': 'easy', 'moderate': 'moderate', 'hard': 'hard',
          'none': 'none: too small, hidden or cut off', None: 'object'}


@dataclass(frozen=True)
class Label:
    """A labelled box in a picture.

    Attributes:
        box: Corners x1, y1, x2, y2 in pixels of the picture.
        name: The class; of what is ignored, its type.
        ignored: Whether it is neither to be found nor background.
        difficulty: ``easy``, ``moderate``, ``hard`` or ``none``; None where the data know none.
    """

    box: tuple[float, float, float, float]
    name: str
    ignored: bool
    difficulty: str | None


@dataclass(frozen=True)
class Group:
    """A class with some of its images.

    Attributes:
        name: The class.
        note: Written below the name, as the number of its images.
        rows: For each image its tiles: RGB, uint8, H x W x 3, of any size.
    """

    name: str
    note: str
    rows: tuple[tuple[np.ndarray, ...], ...]


def as_displayed(inputs: 'Tensor', preprocessor: 'nn.Module') -> np.ndarray:
    """Undo a preprocessor's normalisation and order of channels, for people to look at.

    Args:
        inputs: N x 3 x H x W, what a data preprocessor hands to the network.
        preprocessor: Ours or mmpretrain's.

    Returns:
        N x H x W x 3, RGB, uint8; colours beyond 0 ... 255 (jitter, padding by
        0 after normalisation) are clipped.
    """
    from plugins.apis.network_trace import channels_reversed
    values = inputs.detach().float().cpu()
    reverse = channels_reversed(preprocessor)
    # ours subtracts the mean before it turns the channels, mmpretrain's behind it
    if reverse and hasattr(preprocessor, 'to_bgr'):
        values, reverse = values.flip(1), False
    mean, std = (getattr(preprocessor, key, None) for key in ('mean', 'std'))
    if mean is not None and std is not None:
        values = values * std.cpu().view(-1, 1, 1) + mean.cpu().view(-1, 1, 1)
    if reverse:
        values = values.flip(1)
    return values.round().clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()


def draw_sheet(title: str, heads: Sequence[str], groups: Sequence[Group],
               side: int = 104) -> np.ndarray:
    """A page: a line of tiles for each image, its class's name in front.

    Args:
        title: Shortened where it is too long.
        heads: A word for each column of tiles.
        groups: Classes, one below the other.
        side: Pixels of a tile's longer side. Few pixels stay sharp squares.

    Returns:
        RGB, uint8.
    """
    columns = max(len(heads), max(len(row) for group in groups for row in group.rows))
    width = 2 * _MARGIN + _LABEL + columns * (side + _GAP)
    pieces = [_header(width, title, heads, side), *(_group(width, group, side) for group in groups)]
    return np.concatenate([*pieces, np.full((_MARGIN, width, 3), _PAPER, np.uint8)])


def draw_scenes(panels: Sequence[tuple[str, np.ndarray, Sequence[Label]]],
                least_width: int = 1240) -> np.ndarray:
    """Pictures with their labels below each other, and what the lines mean.

    Args:
        panels: For each a line of text, the picture (RGB, uint8, H x W x 3) and its labels.
        least_width: A narrower picture is magnified to so many pixels.

    Returns:
        RGB, uint8; narrower pictures are centred.
    """
    names = {label.name for _, _, labels in panels for label in labels if not label.ignored}
    drawn = [(f'{head}: {_counted(labels)}', _labelled(image, labels, len(names) > 1, least_width))
             for head, image, labels in panels]
    width = max(picture.shape[1] for _, picture in drawn)
    used = {label.difficulty for _, _, labels in panels for label in labels if not label.ignored}
    pieces = [_legend(width, [key for key in LINES if key in used])]
    for head, picture in drawn:
        strip = Canvas.of(np.full((_SIZE + 16, width, 3), _PAPER, np.uint8))
        strip.draw.text((_MARGIN, _SIZE / 2 + 8), shortened(head, width - 2 * _MARGIN, _SIZE),
                        fill=_INK, font=font(_SIZE), anchor='lm')
        padded = np.full((picture.shape[0], width, 3), _PAPER, np.uint8)
        left = (width - picture.shape[1]) // 2
        padded[:, left:left + picture.shape[1]] = picture
        pieces += [strip.array(), padded]
    return np.concatenate(pieces)


def _counted(labels: Sequence[Label]) -> str:
    objects = sum(not label.ignored for label in labels)
    return f'objects: {objects}, ignored: {len(labels) - objects}'


def _labelled(image: np.ndarray, labels: Sequence[Label], several: bool,
              least_width: int) -> np.ndarray:
    """A picture with its boxes; what is ignored lies below."""
    image, factor = at_least(image, least_width)
    canvas = Canvas.of(image, min(text_size(image.shape[1]), 14))
    for label in sorted(labels, key=lambda one: not one.ignored):
        box = np.multiply(label.box, factor)
        if label.ignored:
            canvas.hatch(box, GREY)
        else:
            canvas.box(box, LINES[label.difficulty])
    for label in labels:
        words = [label.name] if label.ignored or several or label.difficulty is None else []
        words += [label.difficulty] if label.difficulty else []
        line = Line(WHITE) if label.ignored else LINES[label.difficulty]
        if label.name != 'DontCare':
            canvas.label(' '.join(words), np.multiply(label.box, factor), line.colour)
    return canvas.array()


def _legend(width: int, kinds: Sequence[str | None]) -> np.ndarray:
    canvas = Canvas.of(np.full((_SIZE + 18, width, 3), (32, 34, 37), np.uint8))
    place, middle = _MARGIN, _SIZE / 2 + 9
    for kind, words in [*((kind, _WORDS[kind]) for kind in kinds),
                        ('ignored', 'ignored, its type (DontCare: no word)')]:
        box = (place, 7, place + 34, _SIZE + 10)
        if kind == 'ignored':
            canvas.hatch(box, GREY)
        else:
            canvas.box(box, LINES[kind])
        canvas.draw.text((place + 42, middle), words, fill=WHITE, font=font(_SIZE), anchor='lm')
        place += 42 + text_width(words, _SIZE) + 24
    return canvas.array()


def _header(width: int, title: str, heads: Sequence[str], side: int) -> np.ndarray:
    canvas = Canvas.of(np.full((_MARGIN + 2 * (_SIZE + 10), width, 3), _PAPER, np.uint8))
    canvas.draw.text((_MARGIN, _MARGIN), shortened(title, width - 2 * _MARGIN, _SIZE + 1, True),
                     fill=_INK, font=font(_SIZE + 1, bold=True))
    for place, head in enumerate(heads):
        canvas.draw.text((_MARGIN + _LABEL + place * (side + _GAP), _MARGIN + _SIZE + 12),
                         shortened(head, side, _SIZE - 2), fill=_FAINT, font=font(_SIZE - 2))
    return canvas.array()


def _group(width: int, group: Group, side: int) -> np.ndarray:
    """One class: its name beside the first image, a line above."""
    row = side + _GAP
    canvas = Canvas.of(np.full((row * len(group.rows) + 10, width, 3), _PAPER, np.uint8))
    canvas.draw.line((_MARGIN, 2, width - _MARGIN, 2), fill=_RULE)
    room = _LABEL - 14
    canvas.draw.text((_MARGIN, 12), shortened(group.name, room, _SIZE, True), fill=_INK,
                     font=font(_SIZE, bold=True))
    canvas.draw.text((_MARGIN, 12 + _SIZE + 6), shortened(group.note, room, _SIZE - 2),
                     fill=_FAINT, font=font(_SIZE - 2))
    for line, tiles in enumerate(group.rows):
        for place, tile in enumerate(tiles):
            canvas.picture.paste(_fitted(tile, side), (
                _MARGIN + _LABEL + place * row, 8 + line * row))
    return canvas.array()


def _fitted(image: np.ndarray, side: int) -> Image.Image:
    """The picture, its shape kept, its longer side so many pixels."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    filtering = Image.Resampling.NEAREST if factor >= 2 else Image.Resampling.BICUBIC
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Image.fromarray(image).resize(size, filtering)
