"""Draw a picture with the classes that a classifier finds most likely."""
from collections.abc import Sequence

import numpy as np

from .drawing import BLUE, Canvas, scaled, text_width

_TRACK = (228, 228, 228)
PANEL, _MARGIN, _SIZE = 380, 16, 17  # pixels
_HEIGHT = 360  # of the picture, in pixels; less if its width would be more than twice that


def draw_topk(image: np.ndarray, names: Sequence[str], scores: Sequence[float]) -> np.ndarray:
    """Draw a picture and, to the right of it, a bar for each of the most likely classes.

    mmpretrain's visualizer writes labels over the picture, but small ones have no room for them.

    The result's size depends only on the picture's and the number of classes; its sides are even,
    as video formats require.

    Args:
        image: The picture.
        names: The classes, the most likely first.
        scores: Their scores, from 0 to 1.
    """
    picture = scaled(image, min(_HEIGHT / image.shape[0], 2 * _HEIGHT / image.shape[1]))
    row = _SIZE + 26
    height = max(picture.shape[0], row * len(names)) + 2 * _MARGIN
    width = picture.shape[1] + 3 * _MARGIN + PANEL
    canvas = Canvas.blank(height + height % 2, width + width % 2)
    canvas.paste(picture, _MARGIN, (height - picture.shape[0]) // 2)
    left, top = picture.shape[1] + 2 * _MARGIN, (height - row * len(names)) // 2
    for place, (name, score) in enumerate(zip(names, scores, strict=True)):
        share, bold = f'{100 * score:.1f} %', place == 0
        room = PANEL - text_width(share, _SIZE, bold)
        line, bar = top + place * row + _SIZE / 2 + 3, top + place * row + _SIZE + 8
        canvas.write(name, left, line, _SIZE, bold=bold, width=room - _MARGIN)
        canvas.write(share, left + room, line, _SIZE, bold=bold)
        canvas.draw.rectangle((left, bar, left + PANEL - 1, bar + 8), fill=_TRACK)
        if length := round(PANEL * min(max(float(score), 0), 1)):  # a bar as long as the share
            canvas.draw.rectangle((left, bar, left + length - 1, bar + 8), fill=BLUE)
    return canvas.array()
