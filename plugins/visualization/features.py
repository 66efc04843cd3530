"""Draw a network's filters, its feature maps and where a class comes from.

Everything here takes arrays. A tile is scaled by its own range, which is
written below it; one whose values hardly differ is flat and says so, since
stretching it would show rounding errors as if they were a pattern.
"""
import math
from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from PIL import Image

from .drawing import Canvas, font, shortened, text_width

PAPER, INK, FAINT = (255, 255, 255), (25, 25, 25), (120, 120, 120)
DEAD, CONSTANT = 'dead', 'constant'
# A map is flat when it varies by less than this share of the layer's largest value.
NEGLIGIBLE = 1e-3
_MARGIN, _GAP, _SMALL, _SIZE = 14, 6, 11, 16  # pixels


@dataclass(frozen=True)
class Tile:
    """One map or filter, ready to be drawn.

    Attributes:
        picture: RGB, uint8, h x w x 3.
        caption: Its number and its range, or that it is dead or constant.
    """

    picture: np.ndarray
    caption: str


def flatness(values: np.ndarray, scale: float) -> str:
    """``dead`` where all values are 0, ``constant`` where they hardly differ, else ''.

    Args:
        values: A map, or a filter.
        scale: The largest absolute value of its layer; what differs by less
            than :data:`NEGLIGIBLE` of it is rounding.
    """
    limit = NEGLIGIBLE * scale
    if np.abs(values).max() <= limit:
        return DEAD
    return CONSTANT if np.ptp(values) <= limit else ''


def map_tiles(maps: np.ndarray, numbers: Sequence[int]) -> list[Tile]:
    """Feature maps in viridis, dark for the lowest value of each.

    Args:
        maps: C x H x W, all maps of the layer.
        numbers: Those to draw.
    """
    scale = float(np.abs(maps).max())
    colours = matplotlib.colormaps['viridis']
    tiles = []
    for number in numbers:
        values = maps[number]
        flat = flatness(values, scale)
        if flat:
            picture = np.full((*values.shape, 3), 205, np.uint8)
            caption = f'{number}: {flat}' + ('' if flat == DEAD else f' {_value(values.mean())}')
        else:
            low, high = float(values.min()), float(values.max())
            picture = (colours((values - low) / (high - low))[..., :3] * 255).round()
            caption = f'{number}: {_value(low)} … {_value(high)}'
        tiles.append(Tile(picture.astype(np.uint8), caption))
    return tiles


def filter_tiles(weights: np.ndarray, numbers: Sequence[int]) -> list[Tile]:
    """Filters as colours, a weight of 0 in middle grey; each up to its largest absolute weight.

    Args:
        weights: O x C x h x w. Three channels are R, G, B; of any other number
            the first one is drawn, in grey.
        numbers: Those to draw.
    """
    scale = float(np.abs(weights).max())
    shown = weights if weights.shape[1] == 3 else weights[:, :1].repeat(3, axis=1)
    tiles = []
    for number in numbers:
        values = shown[number].transpose(1, 2, 0)
        most = float(np.abs(values).max())
        dead = most <= NEGLIGIBLE * scale
        picture = np.full(values.shape, 127.5) if dead else 127.5 * (1 + values / most)
        tiles.append(Tile(picture.round().astype(np.uint8),
                          f'{number}: {DEAD}' if dead else f'{number}: ±{_value(most)}'))
    return tiles


def draw_grid(tiles: Sequence[Tile], title: str, notes: Sequence[str], side: int = 112,
              columns: int | None = None) -> np.ndarray:
    """A page of tiles with captions, below a title and lines of notes.

    Args:
        tiles: All of one size.
        title: Shortened where it is too long.
        notes: Each a line, likewise.
        side: Pixels of a tile's longer side.
        columns: Tiles in a row; None: about as many as rows, 6 to 16.

    Returns:
        RGB, uint8.
    """
    columns = columns or min(max(6, math.ceil(math.sqrt(1.3 * len(tiles)))), 16)
    pictures = [_magnified(tile.picture, side) for tile in tiles]
    width, height = pictures[0].size
    cell = max(width, 112)  # room for a caption such as 27: -0.012 … 0.045
    head = _MARGIN + (_SIZE + 10) + len(notes) * (_SIZE + 4) + _GAP
    row = height + _SMALL + 4 + _GAP
    page = Canvas.of(_paper(head + math.ceil(len(tiles) / columns) * row + _MARGIN,
                            2 * _MARGIN + columns * (cell + _GAP) - _GAP))
    _headline(page, title, notes)
    for place, (tile, picture) in enumerate(zip(tiles, pictures, strict=True)):
        left = _MARGIN + place % columns * (cell + _GAP)
        top = head + place // columns * row
        page.picture.paste(picture, (left, top))
        page.draw.text((left, top + height + 2), tile.caption, fill=INK,
                       font=font(_size(tile.caption, cell, _SMALL, 7)))
    return page.array()


def draw_cam(image: np.ndarray, overlaid: np.ndarray, title: str, notes: Sequence[str],
             side: int = 420) -> np.ndarray:
    """A network's input beside the same with its class activation map laid over it.

    Args:
        image: RGB, uint8, H x W x 3.
        overlaid: Likewise.
        title: Shortened where it is too long.
        notes: Each a line, likewise.
        side: Pixels of a picture's longer side.

    Returns:
        RGB, uint8.
    """
    left, right = (_magnified(picture, side) for picture in (image, overlaid))
    head = _MARGIN + (_SIZE + 10) + len(notes) * (_SIZE + 4) + _GAP
    page = Canvas.of(_paper(head + left.height + _MARGIN, 3 * _MARGIN + 2 * left.width))
    _headline(page, title, notes)
    page.picture.paste(left, (_MARGIN, head))
    page.picture.paste(right, (2 * _MARGIN + left.width, head))
    return page.array()


def overlay(image: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Lay a map over a picture: grey where it is 0, the brighter and yellower the more.

    The library's own ``show_cam_on_image`` takes OpenCV's jet, which colour-blind
    people cannot order, and brightens each picture by its own maximum.

    Args:
        image: RGB, uint8, H x W x 3.
        share: H x W, from 0 to 1.
    """
    grey = np.asarray(Image.fromarray(image).convert('L'), float)[..., None]
    heat = matplotlib.colormaps['inferno'](share)[..., :3] * 255
    weight = 0.75 * np.sqrt(share)[..., None]  # a little of the map already shows
    return ((1 - weight) * grey.repeat(3, axis=2) + weight * heat).round().astype(np.uint8)


def _headline(page: Canvas, title: str, notes: Sequence[str]) -> None:
    room, top = page.picture.width - 2 * _MARGIN, _MARGIN
    page.draw.text((_MARGIN, top), shortened(title, room, _SIZE, bold=True), fill=INK,
                   font=font(_SIZE, bold=True))
    for number, note in enumerate(notes):
        size = _size(note, room, _SIZE - 2, _SMALL)
        page.draw.text((_MARGIN, top + _SIZE + 10 + number * (_SIZE + 4)),
                       shortened(note, room, size), fill=FAINT, font=font(size))


def _size(text: str, room: int, most: int, least: int) -> int:
    """The largest letters, in pixels, in which a text fits."""
    return next((size for size in range(most, least, -1) if text_width(text, size) <= room), least)


def _magnified(picture: np.ndarray, side: int) -> Image.Image:
    """At about this size; pixels that are magnified stay sharp squares."""
    height, width = picture.shape[:2]
    factor = side / max(height, width)
    filtering = Image.Resampling.NEAREST if factor >= 1 else Image.Resampling.LANCZOS
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Image.fromarray(picture).resize(size, filtering)


def _paper(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), PAPER, np.uint8)


def _value(number: float) -> str:
    """Two digits of a number."""
    return f'{float(number):.2g}'.replace('-', '−')
