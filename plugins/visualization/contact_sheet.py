"""Images of a data set in rows, as stored and as given to a network."""
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .drawing import FAINT, INK, Canvas, scaled

_RULE = (205, 205, 205)
_MARGIN, _GAP, _LABEL, _SIZE = 14, 4, 190, 15  # pixels


class Group(NamedTuple):
    """A class with some of its images.

    Attributes:
        name: The class.
        note: Written below the name, such as the number of its images.
        rows: The tiles of each image, of any size.
    """

    name: str
    note: str
    rows: Sequence[Sequence[np.ndarray]]


def draw_sheet(title: str, heads: Sequence[str], groups: Sequence[Group],
               side: int = 104) -> np.ndarray:
    """Draw a page with a row of tiles for each image, and the class names on the left.

    Args:
        title: Shortened if it is too long.
        heads: A heading for each column of tiles.
        groups: Classes, from top to bottom.
        side: Longer side of a tile, in pixels.
    """
    step = side + _GAP
    head = _MARGIN + 2 * (_SIZE + 10)
    columns = max(len(heads), *(len(row) for group in groups for row in group.rows))
    page = Canvas.blank(head + sum(step * len(group.rows) + 10 for group in groups) + _MARGIN,
                        2 * _MARGIN + _LABEL + columns * step)
    width, left = page.picture.width, _MARGIN + _LABEL
    page.write(title, _MARGIN, _MARGIN + 8, _SIZE + 1, INK, True, width - 2 * _MARGIN)
    for place, words in enumerate(heads):
        page.write(words, left + place * step, head - 15, _SIZE - 2, FAINT, width=side)
    top = head
    for group in groups:
        page.draw.line((_MARGIN, top + 2, width - _MARGIN, top + 2), fill=_RULE)
        page.write(group.name, _MARGIN, top + 20, _SIZE, INK, True, _LABEL - 14)
        page.write(group.note, _MARGIN, top + 40, _SIZE - 2, FAINT, width=_LABEL - 14)
        for row, tiles in enumerate(group.rows):
            for place, tile in enumerate(tiles):
                page.paste(scaled(tile, side / max(tile.shape[:2])), left + place * step,
                           top + 8 + row * step)
        top += step * len(group.rows) + 10
    return page.array()
