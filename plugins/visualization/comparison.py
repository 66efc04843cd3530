"""One image as several models see it: a panel a model, and a legend."""
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from .detections import LINES, draw_marks, text_size
from .drawing import GREY, WHITE, Canvas, font, shortened, text_width
from .marks import ALARM, FOUND, HIT, IGNORED, MISSED, UNCOUNTED, Outcome

_PAPER, _INK = (32, 34, 37), WHITE
_LEGEND = {HIT: 'hit, its score', ALARM: 'false alarm', MISSED: 'missed object',
           FOUND: 'object found', IGNORED: 'ignored', UNCOUNTED: 'not counted'}


def draw_comparison(image: np.ndarray, outcomes: Sequence[Outcome], models: Sequence[str],
                    note: str = '', several_classes: bool = False,
                    least_width: int = 1600) -> np.ndarray:
    """Draw an image once for each model; wide ones below each other, others side by side.

    A legend below explains the kinds of marks that occur, and names what is ignored.

    Args:
        image: RGB, uint8, H x W x 3.
        outcomes: What each model made of it.
        models: Their names, written above the panels with the counts.
        note: Written first in the legend, as the image's name and the thresholds.
        several_classes: Whether to write class names beside scores.
        least_width: Of a panel, in pixels.

    Returns:
        RGB, uint8, h x w x 3.
    """
    wide = image.shape[1] >= 1.5 * image.shape[0]
    if not wide:
        least_width = min(least_width, 900)
    panels = [_panel(draw_marks(image, one.marks, several_classes, least_width), name, one)
              for one, name in zip(outcomes, models, strict=True)]
    gap = 6
    pieces = [piece for panel in panels for piece in (panel, _paper(
        *((gap, panel.shape[1]) if wide else (panel.shape[0], gap))))][:-1]
    stacked = np.concatenate(pieces, axis=0 if wide else 1)
    return np.concatenate([stacked, _legend(stacked.shape[1], note, legend_of(outcomes))])


def legend_of(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Words for each kind of mark that occurs; of the ignored ones also their types, as Van."""
    marks = list(chain.from_iterable(one.marks for one in outcomes))
    words = {kind: said for kind, said in _LEGEND.items() if any(m.kind == kind for m in marks)}
    types = sorted({mark.name for mark in marks if mark.kind == IGNORED} - {words.get(IGNORED)})
    if types:
        words[IGNORED] += f' ({", ".join(types)})'
    return words


def headline(outcome: Outcome) -> str:
    """An image's counts in words."""
    counts = outcome.counts
    return f"{counts['tp']} TP   {counts['fp']} FP   {counts['fn']} FN"


def _panel(picture: np.ndarray, name: str, outcome: Outcome) -> np.ndarray:
    """A picture below a line that names the model and its counts."""
    width = picture.shape[1]
    size = text_size(width) + 3
    canvas = Canvas.of(_paper(size + 16, width))
    counts = headline(outcome)
    right = text_width(counts, size, bold=True)
    middle = canvas.picture.height / 2
    _write(canvas, (width - 12 - right, middle), counts, size, bold=True)
    _write(canvas, (12, middle), shortened(name, width - right - 60, size), size)
    return np.concatenate([canvas.array(), picture])


def _legend(width: int, note: str, meanings: Mapping[str, str]) -> np.ndarray:
    """What lines and colours mean, in as many rows as it takes."""
    size = min(text_size(width), 18)
    swatch, row, gap = int(2.5 * size), size + 18, int(1.5 * size)
    rows: list[list[tuple[str, str]]] = [[]]
    used = 12
    entries = [*([('', note)] if note else []), *meanings.items()]
    for kind, words in entries:
        words = shortened(words, width - 32 - swatch, size, bold=not kind)
        needed = text_width(words, size, bold=not kind) + gap + (swatch + 8 if kind else 0)
        if rows[-1] and used + needed - gap > width - 12:
            rows.append([])
            used = 12
        rows[-1].append((kind, words))
        used += needed
    canvas = Canvas.of(_paper(len(rows) * row + 8, width))
    for number, entries in enumerate(rows):
        place, top = 12, 4 + number * row
        for kind, words in entries:
            if kind:
                box = (place, top + 6, place + swatch, top + row - 6)
                _swatch(canvas, box, kind)
                place += swatch + 8
            _write(canvas, (place, top + row / 2), words, size, bold=not kind)
            place += text_width(words, size, bold=not kind) + gap
    return canvas.array()


def _swatch(canvas: Canvas, box: tuple[float, ...], kind: str) -> None:
    if kind == IGNORED:
        canvas.hatch(box, GREY)
    else:
        canvas.box(box, LINES[kind])


def _write(canvas: Canvas, place: tuple[float, float], text: str, size: int,
           bold: bool = False) -> None:
    canvas.draw.text(place, text, fill=_INK, font=font(size, bold), anchor='lm')


def _paper(height: int, width: int) -> np.ndarray:
    return np.full((height, width, 3), _PAPER, np.uint8)
