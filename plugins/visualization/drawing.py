"""Lines, boxes, hatching and legible text on a picture.

Pillow, with matplotlib's DejaVu fonts: lines lie on whole pixels and a picture
takes milliseconds. matplotlib itself, and so mmdet's visualizer, needs a
tenth of a second for each frame, resamples the picture and blurs its edges.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]

# Okabe and Ito's palette (Color Universal Design, 2008): told apart by colour-blind people.
BLUE, VERMILION, YELLOW = (86, 180, 233), (213, 94, 0), (240, 228, 66)
GREEN, PURPLE, ORANGE, DEEP_BLUE = (0, 158, 115), (204, 121, 167), (230, 159, 0), (0, 114, 178)
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (170, 170, 170)
PALETTE = (BLUE, ORANGE, GREEN, YELLOW, PURPLE, VERMILION, DEEP_BLUE)


@dataclass(frozen=True)
class Line:
    """How a box is outlined.

    Attributes:
        colour: R, G, B.
        width: Pixels.
        dash: Lengths of a stroke and of the gap behind it, in line widths; None: solid.
    """

    colour: Colour
    width: int = 3
    dash: tuple[int, int] | None = None


class Label(NamedTuple):
    """A line of text on a ground, and the pixels that it takes."""

    rect: Rect
    text: str
    colour: Colour


@cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """DejaVu Sans, which comes with matplotlib, in pixels."""
    name = 'DejaVuSans-Bold.ttf' if bold else 'DejaVuSans.ttf'
    return ImageFont.truetype(Path(matplotlib.get_data_path(), 'fonts', 'ttf', name), size)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Pixels that a line of text takes."""
    return int(np.ceil(font(size, bold).getlength(text)))


def shortened(text: str, width: int, size: int, bold: bool = False) -> str:
    """The text, its middle left out where it does not fit into so many pixels."""
    if text_width(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f'{text[:kept // 2]}…{text[len(text) - (kept - kept // 2):]}'
        if text_width(short, size, bold) <= width:
            return short
    return '…'


def at_least(image: np.ndarray, width: int) -> tuple[np.ndarray, float]:
    """A picture magnified to so many pixels in width where it has fewer, and by how much."""
    factor = max(1.0, width / image.shape[1])
    if factor == 1:
        return image, 1.0
    size = (width, round(image.shape[0] * factor))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC)), factor


@dataclass
class Canvas:
    """A picture being drawn on; labels know where others stand.

    Attributes:
        picture: Its pixels; drawn on in place.
        text_size: Height of labels in pixels.
    """

    picture: Image.Image
    text_size: int = 15
    _labels: list[Label] = field(default_factory=list)

    @classmethod
    def of(cls, image: np.ndarray, text_size: int = 15) -> 'Canvas':
        """Begin with a copy of an RGB array."""
        return cls(Image.fromarray(image).convert('RGB'), text_size)

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        """Pillow's means to draw on it."""
        return ImageDraw.Draw(self.picture)

    def array(self) -> np.ndarray:
        """The picture, uint8, H x W x 3."""
        return np.asarray(self.picture)

    def box(self, box: Sequence[float], line: Line) -> None:
        """Outline a box (corners in pixels); a dark rim sets it off from any background."""
        rect = self._inside(box)
        strokes = list(_strokes(rect, line))
        for x1, y1, x2, y2 in strokes:
            self.draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), fill=BLACK)
        for stroke in strokes:
            self.draw.rectangle(stroke, fill=line.colour)

    def hatch(self, box: Sequence[float], colour: Colour, gap: int = 8) -> None:
        """Fill a box with slanted lines, light and dark ones in turn, a little transparent."""
        x1, y1, x2, y2 = self._inside(box)
        layer = self.picture.crop((x1, y1, x2 + 1, y2 + 1))
        draw = ImageDraw.Draw(layer)
        height = y2 - y1
        for start in range(-height, x2 - x1, gap):
            for shift, ink in ((0, colour), (gap // 2, BLACK)):
                draw.line((start + shift, height, start + shift + height, 0), fill=ink, width=2)
        draw.rectangle((0, 0, x2 - x1, height), outline=colour)
        below = self.picture.crop((x1, y1, x2 + 1, y2 + 1))
        self.picture.paste(Image.blend(below, layer, 0.65), (x1, y1))

    def label(self, text: str, box: Sequence[float], colour: Colour,
              optional: bool = False) -> None:
        """Write beside a box, on a ground of its colour, inside the picture and off other labels.

        The first place that is free: above, below, inside, beside the box, then
        further away; where none is, the one that covers least of other labels.
        A line leads from a label to its box where more than the label's own
        height lies between them.

        Args:
            text: One line.
            box: Corners in pixels.
            colour: Of the ground.
            optional: Write nothing unless a place at the box itself is free.
        """
        width, height = text_width(text, self.text_size) + 6, self.text_size + 5
        x1, y1, x2, y2 = self._inside(box)
        corners = [(x1, y1 - height), (x2 - width, y1 - height), (x1, y2 + 2),
                   (x2 - width, y2 + 2), (x1, y1), (x2 - width, y2 - height), (x1, y2 - height),
                   (x2 + 3, y1), (x1 - width - 3, y1)]
        corners += [(x1, y) for step in (2, 3, 4) for y in (
            y1 - step * height, y2 + 2 + (step - 1) * height)]
        rects = [self._shifted(x, y, width, height) for x, y in corners]
        covered = [sum(_shared(rect, other.rect) for other in self._labels) for rect in rects]
        rect = rects[int(np.argmin(covered))]
        away = max(y1 - rect[3], rect[1] - y2)
        if optional and (min(covered) or away > height):
            return
        self._labels.append(Label(rect, text, colour))
        if away > height:
            self._lead(rect, (x1, y1, x2, y2), colour)
        self._write(self._labels[-1])

    def _write(self, label: Label) -> None:
        x, top, _, bottom = label.rect
        self.draw.rectangle(label.rect, fill=label.colour)
        self.draw.text((x + 3, (top + bottom) / 2), label.text, fill=ink_on(label.colour),
                       font=font(self.text_size), anchor='lm')

    def _lead(self, label: Rect, box: Rect, colour: Colour) -> None:
        """A line along a label's side and on to its box, past those of the same box in between.

        Other labels that it meets stay legible: it runs behind them.
        """
        x = label[0] - 3 if label[0] > 3 else label[2] + 2
        above = label[3] < box[1]
        edge, nearest = box[1] if above else box[3], min(max(x, box[0]), box[2])
        pieces = [(x, label[1], x + 1, edge) if above else (x, edge, x + 1, label[3]),
                  (min(x, nearest), edge, max(x + 1, nearest), edge + 1)]
        rims = [(x1 - 1, y1 - 1, x2 + 1, y2 + 1) for x1, y1, x2, y2 in pieces]
        for rect, ink in [*((rim, BLACK) for rim in rims), *((piece, colour) for piece in pieces)]:
            self.draw.rectangle(rect, fill=ink)
        for other in self._labels[:-1]:
            if any(_shared(rim, other.rect) for rim in rims):
                self._write(other)

    def _inside(self, box: Sequence[float]) -> Rect:
        """Whole pixels of a box, its corners in order and in the picture."""
        right, bottom = self.picture.width - 1, self.picture.height - 1
        x1, y1, x2, y2 = (round(float(value)) for value in box)
        x1, y1 = min(max(x1, 0), right), min(max(y1, 0), bottom)
        return x1, y1, min(max(x2, x1), right), min(max(y2, y1), bottom)

    def _shifted(self, x: int, y: int, width: int, height: int) -> Rect:
        x = max(0, min(x, self.picture.width - width))
        y = max(0, min(y, self.picture.height - height))
        return x, y, x + width - 1, y + height - 1


def ink_on(colour: Colour) -> Colour:
    """Black or white, whichever is read more easily on a ground of this colour."""
    red, green, blue = colour
    return BLACK if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else WHITE


def _strokes(rect: Rect, line: Line) -> Iterator[Rect]:
    """The pieces of an outline, each a filled rectangle."""
    x1, y1, x2, y2 = rect
    width = line.width - 1
    for start, end in _pieces(x1, x2, line):
        yield start, y1, end, min(y1 + width, y2)
        yield start, max(y2 - width, y1), end, y2
    for start, end in _pieces(y1, y2, line):
        yield x1, start, min(x1 + width, x2), end
        yield max(x2 - width, x1), start, x2, end


def _pieces(start: int, end: int, line: Line) -> Iterator[tuple[int, int]]:
    if line.dash is None:
        yield start, end
        return
    stroke, gap = (length * line.width for length in line.dash)
    for place in range(start, end + 1, stroke + gap):
        yield place, min(place + stroke - 1, end)


def _shared(one: Rect, other: Rect) -> int:
    """Pixels that two rectangles share."""
    wide = min(one[2], other[2]) - max(one[0], other[0]) + 1
    high = min(one[3], other[3]) - max(one[1], other[1]) + 1
    return max(wide, 0) * max(high, 0)
