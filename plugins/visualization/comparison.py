"""The results of several models on one image: a panel for each model, and a legend."""
from collections.abc import Sequence

import numpy as np

from .boxes import Box, draw_boxes, draw_legend, text_size
from .drawing import BLUE, DARK, GREY, VERMILION, WHITE, YELLOW, Canvas, Colour, text_width
from .outcomes import ALARM, FOUND, HIT, IGNORED, MISSED, UNCOUNTED, Mark, Outcome

# The colour, legend text and label text of each kind; later kinds are drawn on top.
KINDS = {IGNORED: (None, 'ignored', ''), FOUND: (WHITE, 'object found', ''),
         UNCOUNTED: (GREY, 'not counted', 'not counted '),
         MISSED: (YELLOW, 'missed object', 'miss '), ALARM: (VERMILION, 'false alarm', 'false '),
         HIT: (BLUE, 'hit, its score', '')}


def draw_comparison(image: np.ndarray, outcomes: Sequence[Outcome], models: Sequence[str],
                    note: str = '', several_classes: bool = False,
                    least_width: int = 1600) -> np.ndarray:
    """Draw an image once for each model; wide ones below each other, others side by side.

    Args:
        image: The picture.
        outcomes: The outcome of each model.
        models: Their names, written above the panels with the counts.
        note: Written first in the legend, such as the image's name and the thresholds.
        several_classes: Whether to write class names beside scores.
        least_width: Minimum width of a panel, in pixels; at most 900 for those side by side.
    """
    wide = image.shape[1] >= 1.5 * image.shape[0]
    order, panels = list(KINDS), []
    for one, name in zip(outcomes, models, strict=True):
        boxes = [Box(mark.box, _words(mark, several_classes), KINDS[mark.kind][0])
                 for mark in sorted(one.marks, key=lambda mark: order.index(mark.kind))]
        picture = draw_boxes(image, boxes, least_width if wide else min(least_width, 900))
        width = picture.shape[1]
        size = text_size(width) + 3
        headline = Canvas.blank(size + 16, width, DARK)  # the model's name and counts
        counts = '   '.join(f'{number} {key.upper()}' for key, number in one.counts.items())
        right, middle = text_width(counts, size, bold=True), headline.picture.height / 2
        headline.write(counts, width - 12 - right, middle, size, WHITE, bold=True)
        headline.write(name, 12, middle, size, WHITE, width=width - right - 60)
        panels.append(np.concatenate([headline.array(), picture]))
    height, width = panels[0].shape[:2]
    gap = np.full((6, width, 3) if wide else (height, 6, 3), DARK, np.uint8)
    pieces = [piece for panel in panels for piece in (gap, panel)][1:]
    stacked = np.concatenate(pieces, axis=0 if wide else 1)
    meanings = _meanings([mark for one in outcomes for mark in one.marks])
    return np.concatenate([stacked, draw_legend(stacked.shape[1], meanings, note)])


def _words(mark: Mark, several_classes: bool) -> str:
    """The label of a box; empty if its hit is already labelled or the legend explains it."""
    if mark.kind == FOUND or mark.name == 'DontCare':
        return ''
    name = mark.name if several_classes or mark.kind == IGNORED else ''
    score = '' if mark.score is None else f'{mark.score:.2f}'
    return f'{KINDS[mark.kind][2]}{name} {score}'.replace('  ', ' ').strip()


def _meanings(marks: Sequence[Mark]) -> dict[str, Colour | None]:
    """Legend texts of the kinds of marks that occur; with the types of ignored ones, e.g. Van."""
    used = {mark.kind for mark in marks}
    meanings = {words: colour for kind, (colour, words, _) in reversed(KINDS.items())
                if kind in used}
    types = sorted({mark.name for mark in marks if mark.kind == IGNORED} - {'ignored'})
    if types:
        meanings[f'{meanings.popitem()[0]} ({", ".join(types)})'] = None
    return meanings
