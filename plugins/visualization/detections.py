"""Draw the boxes of one image: as detected, or marked by what became of them."""
from collections.abc import Sequence

import numpy as np

from .drawing import BLUE, GREY, PALETTE, VERMILION, WHITE, YELLOW, Canvas, Line, at_least
from .marks import ALARM, FOUND, HIT, IGNORED, MISSED, UNCOUNTED, Mark

# Each kind has a colour, a kind of line and words of its own; any two of them would do.
LINES = {FOUND: Line(WHITE, 1), MISSED: Line(YELLOW, 3, (1, 2)), ALARM: Line(VERMILION, 3, (4, 2)),
         HIT: Line(BLUE, 3), UNCOUNTED: Line(GREY, 2, (4, 2))}
_BESIDE = 2  # pixels of the picture drawn on: boxes so near to each other are a crowd
_ORDER = (IGNORED, FOUND, UNCOUNTED, MISSED, ALARM, HIT)  # later ones lie on top


def text_size(width: int) -> int:
    """Height of labels in pixels that suits a picture of this width."""
    return int(np.clip(width / 95, 13, 26))


def draw_detections(image: np.ndarray,
                    boxes: np.ndarray,
                    scores: Sequence[float],
                    labels: Sequence[int],
                    classes: Sequence[str],
                    least_width: int = 900) -> np.ndarray:
    """Draw detections with class and score, each class in a colour of its own.

    Args:
        image: RGB, uint8, H x W x 3.
        boxes: (N, 4) corners in pixels of the image.
        scores: (N,).
        labels: (N,) indices of classes.
        classes: Class names.
        least_width: A narrower picture is magnified to so many pixels.

    Returns:
        RGB, uint8, h x w x 3, at least so wide.
    """
    image, factor = at_least(image, least_width)
    canvas = Canvas.of(image, text_size(image.shape[1]))
    colours = [PALETTE[label % len(PALETTE)] for label in labels]
    places = [np.asarray(box, float) * factor for box in boxes]
    for box, colour in zip(places[::-1], colours[::-1], strict=True):  # the surest on top
        canvas.box(box, Line(colour, 3))
    for box, colour, label, score in zip(places, colours, labels, scores, strict=True):
        canvas.label(f'{classes[label]} {score:.2f}', box, colour)
    return canvas.array()


def draw_marks(image: np.ndarray, marks: Sequence[Mark], several_classes: bool = False,
               least_width: int = 1600) -> np.ndarray:
    """Draw hits, false alarms, misses and what is ignored, see :class:`Mark`.

    In a crowd of missed objects the largest alone is called so; their line tells the others.

    Args:
        image: RGB, uint8, H x W x 3.
        marks: The boxes, in pixels of the image.
        several_classes: Whether to write class names beside scores.
        least_width: A narrower picture is magnified to so many pixels.

    Returns:
        RGB, uint8, h x w x 3, at least so wide.
    """
    image, factor = at_least(image, least_width)
    canvas = Canvas.of(image, text_size(image.shape[1]))
    drawn = sorted(marks, key=lambda mark: _ORDER.index(mark.kind))
    for mark in drawn:
        box = np.multiply(mark.box, factor)
        if mark.kind == IGNORED:
            canvas.hatch(box, GREY)
        else:
            canvas.box(box, LINES[mark.kind])
    silent = crowded_misses(marks, _BESIDE / factor)
    for mark in drawn[::-1]:  # what matters most chooses its place first
        words = _words(mark, several_classes)
        if words and mark not in silent:
            line = LINES.get(mark.kind, Line(GREY))
            canvas.label(words, np.multiply(mark.box, factor), line.colour,
                         optional=mark.kind == MISSED)
    return canvas.array()


def crowded_misses(marks: Sequence[Mark], gap: float = 0) -> set[Mark]:
    """Missed objects that need no words: a larger one of their class, at them, has some.

    Args:
        marks: Of one image.
        gap: Boxes so many pixels apart still touch.
    """
    def touch(one: Mark, other: Mark) -> bool:
        return all(one.box[axis] <= other.box[axis + 2] + gap
                   and other.box[axis] <= one.box[axis + 2] + gap for axis in (0, 1))

    missed = [mark for mark in marks if mark.kind == MISSED]
    named: list[Mark] = []
    for mark in sorted(missed, key=_area, reverse=True):
        if not any(other.name == mark.name and touch(mark, other) for other in named):
            named.append(mark)
    return set(missed) - set(named)


def _area(mark: Mark) -> float:
    x1, y1, x2, y2 = mark.box
    return (x2 - x1) * (y2 - y1)


def _words(mark: Mark, several_classes: bool) -> str:
    """What stands beside a box; nothing where the hit on it, or the legend, says enough."""
    if mark.kind == FOUND or mark.name == 'DontCare':
        return ''
    if mark.kind == IGNORED:
        return mark.name
    name = f'{mark.name} ' if several_classes else ''
    if mark.kind == MISSED:
        return f'{name}miss'
    said = {HIT: '', ALARM: 'false ', UNCOUNTED: 'not counted '}[mark.kind]
    return f'{said}{name}{mark.score:.2f}'
