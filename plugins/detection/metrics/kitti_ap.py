"""The average precision of KITTI's 2D object benchmark.

The rules are those of evaluate_object.cpp in KITTI's object development kit
since 2017:

- Objects of the class beyond a difficulty's limits (or exactly as high as its
  minimum height), and neighbours (Van for Car), need not be found; detections
  of them are ignored.
- A detection lower than the difficulty's minimum height is ignored, whatever
  its class; the object that it matches is then not counted either.
- Objects are matched in the order of the label file, with remaining
  detections whose IoU exceeds (not equals) the limit. In a first pass they
  take the highest score; of the scores of these hits, those nearest to recall
  0, 1/40, ..., 1 become thresholds. At each threshold, a second pass, in which
  they take the largest overlap, counts hits and false alarms. A false alarm
  with a larger share of its area than the limit in a DontCare region is
  ignored.
- Precision at each point is the best one there or at a higher recall. R11
  averages every fourth of the 41 points, R40 all but the first.
"""
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from .matching import overlaps

POINTS = 41


class Difficulty(NamedTuple):
    """Limits of objects to be found: minimum height (pixels), maximum occlusion and truncation."""

    height: float
    occluded: int
    truncated: float


DIFFICULTIES = {'easy': Difficulty(40, 0, 0.15), 'moderate': Difficulty(25, 1, 0.30),
                'hard': Difficulty(25, 2, 0.50)}


class KittiAP(NamedTuple):
    """Average precision in %, over 11 and over 40 recall points, and the number of objects."""

    r11: float
    r40: float
    objects: int


@dataclass(frozen=True)
class KittiImage:
    """One image, prepared for one class.

    Attributes:
        boxes: (N, 4) all detections, sorted by descending score; corners in pixels.
        scores: (N,).
        own: (N,) whether a detection is of the class.
        targets: (M, 4) objects of the class and its neighbours, in the order of the label file.
        neighbour: (M,) whether an object is a neighbour.
        occluded: (M,) levels 0 to 3.
        truncated: (M,) shares.
        regions: (R, 4) the DontCare regions.
    """

    boxes: np.ndarray
    scores: np.ndarray
    own: np.ndarray
    targets: np.ndarray
    neighbour: np.ndarray
    occluded: np.ndarray
    truncated: np.ndarray
    regions: np.ndarray

    @cached_property
    def iou(self) -> np.ndarray:
        """(N, M), IoU of detections and targets."""
        return overlaps(self.boxes, self.targets)

    @cached_property
    def inside(self) -> np.ndarray:
        """(N,) largest share of a detection in one DontCare region."""
        return overlaps(self.boxes, self.regions, by='box').max(axis=1, initial=0)


class _Scene:
    """One image at one difficulty and IoU limit."""

    def __init__(self, image: KittiImage, limits: Difficulty, min_iou: float) -> None:
        low = _heights(image.boxes) < limits.height
        self.scores = image.scores
        self.counts = image.own & ~low
        self.wanted = ~(image.neighbour | (image.occluded > limits.occluded)
                        | (image.truncated > limits.truncated)
                        | (_heights(image.targets) <= limits.height))
        over = (image.iou > min_iou) & (image.own | low)[:, None]
        self.by_score = [column.nonzero()[0] for column in over.T]
        # Candidates per object, best first: those that count, then the low ones, which are equal
        # to each other. Lists, as single items of arrays are slow.
        self.by_overlap = [(self._by_overlap(rows, image.iou[rows, m]), bool(self.wanted[m]))
                           for m, rows in enumerate(self.by_score) if len(rows)]
        alarm = self.counts & (image.inside <= min_iou)
        self.counted, self.alarm = self.counts.tolist(), alarm.tolist()
        self.alarms_above = np.append(0, alarm.cumsum())

    def _by_overlap(self, rows: np.ndarray, ious: np.ndarray) -> list[int]:
        if len(rows) == 1:  # the usual case
            return rows.tolist()
        counts = self.counts[rows]
        return rows[np.lexsort((-ious * counts, ~counts))].tolist()

    def hit_scores(self) -> list[float]:
        """First pass: the scores of the hits when each object takes the highest score."""
        hits, taken = [], set()
        for rows, wanted in zip(self.by_score, self.wanted, strict=True):
            row = next((row for row in rows.tolist() if row not in taken), None)
            if row is not None:
                taken.add(row)
                if wanted and self.counts[row]:
                    hits.append(self.scores[row])
        return hits

    def counts_at(self, thresholds: np.ndarray) -> np.ndarray:
        """Second pass: (T, 2) hits and false alarms among the detections of each score or more."""
        detections = np.searchsorted(-self.scores, -thresholds, side='right')
        counts = np.zeros((len(thresholds), 2), int)
        for place, above in enumerate(detections):
            hits, taken_alarms = self._choose(above)
            counts[place] = hits, self.alarms_above[above] - taken_alarms
        return counts

    def _choose(self, above: int) -> tuple[int, int]:
        """Number of hits, and of matched detections that would otherwise be false alarms."""
        hits, taken = 0, set()
        for rows, wanted in self.by_overlap:
            for row in rows:
                if row < above and row not in taken:
                    taken.add(row)
                    hits += wanted and self.counted[row]
                    break
        return hits, sum(self.alarm[row] for row in taken)


def kitti_ap(images: Sequence[KittiImage], limits: Difficulty, min_iou: float,
             sampling: str = 'devkit') -> KittiAP:
    """Average precision of one class at one difficulty.

    Args:
        images: All images.
        limits: The difficulty.
        min_iou: KITTI uses 0.7 for cars, 0.5 for pedestrians and cyclists.
        sampling: How thresholds are chosen among the scores of the n hits.
            ``devkit``: as above; the program uses at most n and sets precision
            0 at the remaining points, so with fewer than 41 objects no detector
            reaches 100 (see :func:`ceiling`). ``exact``: for each recall the
            first score that reaches it, for any n.

    Returns:
        AP is -1 if there is no object to find; the devkit would give 0.
    """
    scenes = [_Scene(image, limits, min_iou) for image in images]
    objects = int(sum(scene.wanted.sum() for scene in scenes))
    if not objects:
        return KittiAP(-1.0, -1.0, 0)
    scores = sorted((score for scene in scenes for score in scene.hit_scores()), reverse=True)
    places = (_devkit_places if sampling == 'devkit' else _exact_places)(len(scores), objects)
    thresholds = np.array([scores[place] for place in places])
    hits, alarms = sum((scene.counts_at(thresholds) for scene in scenes),
                       np.zeros((len(thresholds), 2), int)).T
    precision = np.zeros(POINTS)
    precision[:len(thresholds)] = hits / np.maximum(hits + alarms, 1)
    return KittiAP(*_averages(precision), objects)


def ceiling(objects: int) -> tuple[float, float]:
    """R11 and R40, in %, of perfect detections with the devkit's sampling."""
    precision = np.zeros(POINTS)
    precision[:len(_devkit_places(objects, objects))] = 1
    return _averages(precision)


def _averages(precision: np.ndarray) -> tuple[float, float]:
    best = np.maximum.accumulate(precision[::-1])[::-1]
    return 100 * float(best[::4].mean()), 100 * float(best[1:].mean())


def _devkit_places(hits: int, objects: int) -> list[int]:
    """Indices, from the highest score, of the hits nearest to recall 0, 1/40, 2/40, ..."""
    places, wanted = [], 0.0
    for place in range(hits):
        here = (place + 1) / objects
        after = (place + 2) / objects
        if place < hits - 1 and after - wanted < wanted - here:
            continue  # the next one is nearer
        places.append(place)
        wanted += 1 / (POINTS - 1)
    return places[:POINTS]


def _exact_places(hits: int, objects: int) -> list[int]:
    places = (max(math.ceil(point * objects / (POINTS - 1)), 1) - 1 for point in range(POINTS))
    return [place for place in places if place < hits]


def _heights(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, 3] - boxes[:, 1]
