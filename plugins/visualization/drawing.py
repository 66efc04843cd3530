"""Lines, boxes, hatching and legible text on a picture.

Drawn by Pillow with matplotlib's DejaVu fonts: edges are sharp, and a picture takes milliseconds.
matplotlib itself, and so mmdet's visualizer, takes 0.1 s per picture and blurs edges.
"""
import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font
from mmengine.logging import print_log
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Rect = tuple[int, int, int, int]

# Okabe and Ito's palette (Color Universal Design, 2008): distinguishable for colour-blind people.
BLUE, VERMILION, YELLOW = (86, 180, 233), (213, 94, 0), (240, 228, 66)
GREEN, PURPLE, ORANGE, DEEP_BLUE = (0, 158, 115), (204, 121, 167), (230, 159, 0), (0, 114, 178)
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (170, 170, 170)
PALETTE = (BLUE, ORANGE, GREEN, YELLOW, PURPLE, VERMILION, DEEP_BLUE)
INK, FAINT, DARK = (25, 25, 25), (120, 120, 120), (32, 34, 37)

_DEJAVU = [f'{matplotlib.get_data_path()}/fonts/ttf/DejaVuSans{kind}.ttf' for kind in ('', '-Bold')]
_truetype = cache(ImageFont.truetype)
_told: list[str] = []  # the first text with characters that no font has
_SHARP = 3  # from this magnification on, pixels are drawn as squares


@cache
def _characters(file: str) -> frozenset[str]:
    return frozenset(map(chr, FT2Font(file).get_charmap()))


@cache
def _file(characters: frozenset[str], bold: bool = False) -> str | None:
    """A font with these characters: DejaVu, or one of this machine, which charts then use, too."""
    if characters <= _characters(_DEJAVU[bold]):
        return _DEJAVU[bold]
    from matplotlib.font_manager import fontManager
    for font in sorted(fontManager.ttflist, key=lambda font: (
            font.weight != 400, font.style != 'normal', font.name)):
        with suppress(RuntimeError):  # FreeType cannot open it
            # The font of last resort only draws a character's block.
            if 'LastResort' not in font.fname and characters <= _characters(font.fname):
                matplotlib.rcParams['font.family'] += [font.name]
                return font.fname
    return None


def legible(text: str) -> str:
    """Escape, as Python does, line breaks and characters that no font of this machine has."""
    if text.isprintable() and _file(frozenset(text)):
        return text
    if text.isprintable() and not _told:
        _told.append(text)
        print_log(f'No font of this machine has all characters of {text!r}: pictures show such '
                  'characters by their numbers; install a font that has them, e.g. Noto Sans CJK',
                  'current', logging.WARNING)
    return ''.join(one if one.isprintable() and one in _characters(_DEJAVU[False])
                   else ascii(one)[1:-1] for one in text)


def _font(text: str, size: int, bold: bool) -> ImageFont.FreeTypeFont:
    """A font that has these characters, in a size in pixels."""
    return _truetype(_file(frozenset(text), bold), size)


def text_width(text: str, size: int, bold: bool = False) -> int:
    """Width of a line of text, in pixels."""
    text = legible(text)
    return int(np.ceil(_font(text, size, bold).getlength(text)))


def shortened(text: str, width: int, size: int, bold: bool = False) -> str:
    """Shorten a text in its middle if it is wider than ``width`` pixels."""
    if text_width(text, size, bold) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f'{text[:kept // 2]}…{text[len(text) - (kept - kept // 2):]}'
        if text_width(short, size, bold) <= width:
            return short
    return '…'


def scaled(image: np.ndarray, factor: float) -> np.ndarray:
    """Scale a picture; pixels magnified at least threefold stay sharp."""
    if factor == 1:
        return image
    filtering = Image.Resampling.NEAREST if factor >= _SHARP else Image.Resampling.BICUBIC
    height, width = (max(1, round(side * factor)) for side in image.shape[:2])
    return np.asarray(Image.fromarray(image).resize((width, height), filtering))


@dataclass
class Canvas:
    """A picture to draw on, which keeps track of its labels so that they do not overlap.

    Attributes:
        picture: The picture, which is changed in place.
        text_size: Height of labels in pixels.
    """

    picture: Image.Image
    text_size: int = 15
    _labels: list[Rect] = field(default_factory=list)

    @classmethod
    def blank(cls, height: int, width: int, colour: Colour = WHITE) -> 'Canvas':
        """Create a canvas filled with one colour."""
        return cls(Image.new('RGB', (width, height), colour))

    @property
    def draw(self) -> ImageDraw.ImageDraw:
        """Pillow's interface for drawing on the picture."""
        return ImageDraw.Draw(self.picture)

    def array(self) -> np.ndarray:
        """The picture as an array."""
        return np.asarray(self.picture)

    def paste(self, image: np.ndarray, left: int, top: int) -> None:
        """Paste a picture with its top left corner at these pixels."""
        self.picture.paste(Image.fromarray(image), (left, top))

    def write(self, text: str, left: float, middle: float, size: int, colour: Colour = INK,
              bold: bool = False, width: int | None = None) -> None:
        """Write a line of text, shortened if it is wider than ``width`` pixels."""
        text = legible(text) if width is None else shortened(legible(text), width, size, bold)
        self.draw.text((left, middle), text, fill=colour, font=_font(text, size, bold), anchor='lm')

    def box(self, box: Sequence[float], colour: Colour) -> None:
        """Outline a box (corners in pixels), with a dark rim so that it is visible everywhere."""
        x1, y1, x2, y2 = self._inside(box)
        self.draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), None, BLACK, 5)
        self.draw.rectangle((x1, y1, x2, y2), None, colour, 3)

    def hatch(self, box: Sequence[float]) -> None:
        """Fill a box with slanted, slightly transparent lines, alternately light and dark."""
        x1, y1, x2, y2 = self._inside(box)
        below = np.asarray(self.picture.crop((x1, y1, x2 + 1, y2 + 1)))
        phase = np.indices(below.shape[:2]).sum(0)[..., None] % 8
        lines = np.where(phase % 4 < 3, np.where(phase < 4, GREY, BLACK), below)
        self.paste((0.35 * below + 0.65 * lines).astype(np.uint8), x1, y1)
        self.draw.rectangle((x1, y1, x2, y2), outline=GREY)

    def label(self, text: str, box: Sequence[float], colour: Colour) -> None:
        """Write beside a box, on a background of its colour.

        Uses the first place above, below, inside or beside the box that overlaps no other label. If
        there is none, nothing is written.
        """
        width, height = text_width(text, self.text_size) + 6, self.text_size + 5
        x1, y1, x2, y2 = self._inside(box)
        for x, y in ((x1, y1 - height), (x2 - width, y1 - height), (x1, y2 + 2),
                     (x2 - width, y2 + 2), (x1, y1), (x2 - width, y2 - height), (x1, y2 - height),
                     (x2 + 3, y1), (x1 - width - 3, y1)):
            x = max(0, min(x, self.picture.width - width))
            y = max(0, min(y, self.picture.height - height))
            rect = x, y, x + width - 1, y + height - 1
            if all(rect[0] > right or left > rect[2] or rect[1] > bottom or top > rect[3]
                   for left, top, right, bottom in self._labels):
                self._labels.append(rect)
                self.draw.rectangle(rect, fill=colour)
                ink = BLACK if np.dot((0.299, 0.587, 0.114), colour) > 120 else WHITE
                self.write(text, x + 3, y + (height - 1) / 2, self.text_size, ink)
                return

    def _inside(self, box: Sequence[float]) -> Rect:
        """Round a box to whole pixels and clip it to the picture."""
        corners = np.array(self.picture.size * 2) - 1
        return tuple(np.rint(np.clip(box, 0, corners)).astype(int).tolist())
