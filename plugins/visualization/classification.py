"""Draw a picture with the classes that a classifier finds likeliest."""
from collections.abc import Sequence

import numpy as np
from PIL import Image

from .drawing import BLUE, Canvas, font, shortened, text_width

_PAPER, _INK, _TRACK = (255, 255, 255), (25, 25, 25), (228, 228, 228)
_PANEL, _MARGIN, _SIZE = 380, 16, 17  # pixels


def draw_topk(image: np.ndarray, names: Sequence[str], scores: Sequence[float],
              side: int = 360) -> np.ndarray:
    """Draw a picture and, at its right, a bar for each of its likeliest classes.

    What upstream lacks: mmpretrain's visualizer writes labels into the
    picture, where they cover it, in letters that a small picture has no room for.

    Args:
        image: RGB, uint8, H x W x 3.
        names: The classes, the likeliest first.
        scores: Theirs, from 0 to 1.
        side: The picture is scaled to this height in pixels; where it would be
            more than twice as wide, to twice this width. Few pixels stay sharp squares.

    Returns:
        RGB, uint8, h x w x 3; h and w depend on the picture's size and the
        number of classes alone, and are even, as video formats ask for.
    """
    picture = _scaled(image, side)
    row = _SIZE + 26
    needed = 2 * _MARGIN + row * len(names)
    height = max(picture.height + 2 * _MARGIN, needed)
    width = picture.width + 3 * _MARGIN + _PANEL
    canvas = Canvas.of(np.full((height + height % 2, width + width % 2, 3), _PAPER, np.uint8))
    canvas.picture.paste(picture, (_MARGIN, (height - picture.height) // 2))
    left, top = picture.width + 2 * _MARGIN, (height - row * len(names)) // 2
    for place, (name, score) in enumerate(zip(names, scores, strict=True)):
        _bar(canvas, left, top + place * row, name, float(score), bold=place == 0)
    return canvas.array()


def _bar(canvas: Canvas, left: int, top: int, name: str, score: float, bold: bool) -> None:
    """A class's name and share, and a bar as long as the share below them."""
    share = f'{100 * score:.1f} %'
    room = _PANEL - text_width(share, _SIZE, bold) - _MARGIN
    line = top + _SIZE / 2 + 3
    canvas.draw.text((left, line), shortened(name, room, _SIZE, bold), fill=_INK,
                     font=font(_SIZE, bold), anchor='lm')
    canvas.draw.text((left + _PANEL, line), share, fill=_INK, font=font(_SIZE, bold), anchor='rm')
    bar = top + _SIZE + 8
    canvas.draw.rectangle((left, bar, left + _PANEL - 1, bar + 8), fill=_TRACK)
    if (length := round(_PANEL * min(max(score, 0), 1))):
        canvas.draw.rectangle((left, bar, left + length - 1, bar + 8), fill=BLUE)


def _scaled(image: np.ndarray, side: int) -> Image.Image:
    """The picture at a size to look at, its shape kept."""
    height, width = image.shape[:2]
    factor = min(side / height, 2 * side / width)
    filtering = Image.Resampling.NEAREST if factor >= 4 else Image.Resampling.BICUBIC
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return Image.fromarray(image).resize(size, filtering)
