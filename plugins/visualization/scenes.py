"""Draw a detector's training images with their labels, one below the other."""
from collections.abc import Sequence

import numpy as np

from plugins.detection.labelled_scene import Label

from .boxes import Box, draw_boxes, draw_legend
from .drawing import BLUE, GREEN, GREY, VERMILION, YELLOW, Canvas

# Colours and legend texts of KITTI's difficulties and of objects without one.
COLOURS = {'easy': GREEN, 'moderate': YELLOW, 'hard': VERMILION, 'none': GREY, None: BLUE}
_WORDS = {'none': 'none: too small, hidden or cut off', None: 'object'}


def draw_scenes(panels: Sequence[tuple[str, np.ndarray, Sequence[Label]]]) -> np.ndarray:
    """Draw pictures with their labels one below the other, narrower ones centred, and a legend.

    Args:
        panels: For each, a line of text, the picture and its labels.
    """
    objects = [label for _, _, labels in panels for label in labels if not label.ignored]
    several = len({label.name for label in objects}) > 1
    drawn = [draw_boxes(image, [_box(label, several) for label in labels], least_width=1240)
             for _, image, labels in panels]
    width = max(picture.shape[1] for picture in drawn)
    used = {label.difficulty for label in objects}
    meanings = {_WORDS.get(key, key): colour for key, colour in COLOURS.items() if key in used}
    pieces = [draw_legend(width, {**meanings, 'ignored, its type (DontCare: no word)': None})]
    for (head, _, labels), picture in zip(panels, drawn, strict=True):
        ignored = sum(label.ignored for label in labels)
        canvas = Canvas.blank(31 + picture.shape[0], width)
        canvas.write(f'{head}: objects: {len(labels) - ignored}, ignored: {ignored}', 14, 15, 15,
                     width=width - 28)
        canvas.paste(picture, (width - picture.shape[1]) // 2, 31)
        pieces.append(canvas.array())
    return np.concatenate(pieces)


def _box(label: Label, several: bool) -> Box:
    if label.ignored:
        return Box(label.box, '' if label.name == 'DontCare' else label.name, None)
    name = label.name if several or label.difficulty is None else ''
    return Box(label.box, f'{name} {label.difficulty or ""}'.strip(), COLOURS[label.difficulty])
