"""Draw the boxes of a picture, and a legend of what their colours mean."""
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from .drawing import DARK, GREY, PALETTE, WHITE, Canvas, Colour, scaled, text_width


class Box(NamedTuple):
    """A box to draw.

    Attributes:
        corners: x1, y1, x2, y2 in pixels of the picture.
        text: Label written beside it; '' for none.
        colour: Of its outline and the label's background; None: hatched.
    """

    corners: Sequence[float]
    text: str
    colour: Colour | None


def text_size(width: int) -> int:
    """A label height in pixels that suits a picture of this width."""
    return int(np.clip(width / 95, 13, 26))


def draw_boxes(image: np.ndarray, boxes: Sequence[Box], least_width: int) -> np.ndarray:
    """Draw boxes in order; later ones are on top, and their labels are placed first.

    Args:
        image: The picture.
        boxes: In its pixels.
        least_width: A narrower picture is magnified to this width, in pixels.
    """
    factor = max(1.0, least_width / image.shape[1])
    image = scaled(image, factor)
    canvas = Canvas(Image.fromarray(image), text_size(image.shape[1]))
    placed = [box._replace(corners=np.multiply(box.corners, factor)) for box in boxes]
    for box in sorted(placed, key=lambda box: box.colour is not None):
        if box.colour is None:
            canvas.hatch(box.corners)
        else:
            canvas.box(box.corners, box.colour)
    for box in placed[::-1]:
        if box.text:
            canvas.label(box.text, box.corners, box.colour or GREY)
    return canvas.array()


def draw_detections(image: np.ndarray, detections: Sequence[Mapping], classes: Sequence[str],
                    least_width: int = 900) -> np.ndarray:
    """Draw detections with class and score, each class in its own colour.

    Args:
        image: The picture.
        detections: Each with ``class``, ``score`` and ``box``, see ``plugins.apis.predict``; the
            most confident first.
        classes: Class names.
        least_width: See :func:`draw_boxes`.
    """
    return draw_boxes(image, [Box(
        one['box'], f"{one['class']} {one['score']:.2f}",
        PALETTE[classes.index(one['class']) % len(PALETTE)])
        for one in detections[::-1]], least_width)


def draw_legend(width: int, meanings: Mapping[str, Colour | None], note: str = '') -> np.ndarray:
    """A legend of the colours, in as many rows as needed.

    Args:
        width: Pixels.
        meanings: Text -> the colour that it explains; None for hatching.
        note: Written before the entries.
    """
    size = min(text_size(width), 18)
    swatch, row, gap = int(2.5 * size), size + 18, int(1.5 * size)
    canvas = Canvas.blank(row * (len(meanings) + 1) + 8, width, DARK)
    left, top = 12, 0
    for words, drawn in ([(note, False)] if note else []) + [(one, True) for one in meanings]:
        room = min(text_width(words, size, not drawn) + (swatch + 8) * drawn, width - 24)
        if left > 12 and left + room > width - 12:
            left, top = 12, top + row
        text = left
        if drawn:
            box, colour = (left, top + 10, left + swatch, top + row - 2), meanings[words]
            if colour is None:
                canvas.hatch(box)
            else:
                canvas.box(box, colour)
            text += swatch + 8
        canvas.write(words, text, top + row / 2 + 4, size, WHITE, not drawn, width - text - 12)
        left += room + gap
    return canvas.array()[:top + row + 8]
