"""Precision and recall over all scores, and every figure that follows from them."""
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# As pycocotools has it: there was nothing to find, hence nothing to measure.
NOTHING = -1.0


@dataclass(frozen=True)
class PRCurve:
    """Hits and false alarms among the detections above each score.

    All figures are shares from 0 to 1; precision without a detection is 0; where
    there is no object, everything but the counts is NOTHING.

    Attributes:
        scores: (K,) the detections' scores, each once, from high to low.
            Detections of equal scores come in together, so that their order
            has no influence.
        hits: (K,) detections of at least this score that found an object.
        alarms: (K,) those that did not.
        objects: How many objects there are to find.
    """

    scores: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    objects: int

    @classmethod
    def of(cls, scores: np.ndarray, hits: np.ndarray, objects: int) -> 'PRCurve':
        """Build it.

        Args:
            scores: (N,) of the detections of all images that are not ignored.
            hits: (N,) whether each found an object.
            objects: How many there are in all images.
        """
        scores, hits = np.asarray(scores, float), np.asarray(hits, bool)
        distinct, place = np.unique(-scores, return_inverse=True)
        hits, alarms = (np.bincount(place[chosen], minlength=len(distinct)).cumsum()
                        for chosen in (hits, ~hits))
        return cls(-distinct, hits, alarms, int(objects))

    @cached_property
    def precision(self) -> np.ndarray:
        """(K,) share of the detections of at least this score that are right."""
        return self.hits / (self.hits + self.alarms)

    @cached_property
    def recall(self) -> np.ndarray:
        """(K,) share of the objects that are found by detections of at least this score."""
        return self.hits / self.objects if self.objects else np.full(len(self.hits), NOTHING)

    @cached_property
    def f1(self) -> np.ndarray:
        """(K,) harmonic mean of precision and recall."""
        if not self.objects:
            return np.full(len(self.hits), NOTHING)
        return 2 * self.hits / (self.hits + self.alarms + self.objects)

    @cached_property
    def _envelope(self) -> np.ndarray:
        """(K,) the best precision at this recall or more."""
        return np.maximum.accumulate(self.precision[::-1])[::-1]

    def ap(self) -> float:
        """Average precision over all points: the area below the envelope (Pascal VOC from 2010)."""
        if not self.objects:
            return NOTHING
        return float(np.sum(np.diff(self.recall, prepend=0) * self._envelope))

    def ap11(self) -> float:
        """Average of the envelope at recall 0, 0.1, ..., 1 (Pascal VOC until 2009)."""
        if not self.objects:
            return NOTHING
        first = np.searchsorted(self.recall, np.arange(11) / 10)
        return float(np.append(self._envelope, 0)[first].mean())

    def at(self, score: float) -> dict[str, float]:
        """Counts and figures of the detections with at least this score.

        Returns:
            ``tp``, ``fp``, ``fn``, ``precision``, ``recall``, ``f1``.
        """
        place = int((self.scores >= score).sum()) - 1
        hits, alarms = (int(n[place]) if place >= 0 else 0 for n in (self.hits, self.alarms))
        counts = dict(tp=hits, fp=alarms, fn=self.objects - hits)
        if not self.objects:
            return counts | dict(precision=NOTHING, recall=NOTHING, f1=NOTHING)
        return counts | dict(precision=hits / max(hits + alarms, 1), recall=hits / self.objects,
                             f1=2 * hits / (hits + alarms + self.objects))

    def best_f1(self) -> tuple[float, float]:
        """The largest F1 and the highest score that gives it; (0, 0) without a detection."""
        if not self.objects:
            return NOTHING, NOTHING
        if not len(self.scores):
            return 0.0, 0.0
        place = int(self.f1.argmax())
        return float(self.f1[place]), float(self.scores[place])

    def corners(self) -> dict[str, list[float]]:
        """The points at which recall rises, for a record or a picture.

        Between them precision only falls, so they hold the whole envelope, and
        there are no more of them than objects.

        Returns:
            ``score``, ``precision``, ``recall``, ``f1``: lists of equal length.
        """
        rises = np.diff(self.hits, prepend=0) > 0
        return {name: values[rises].round(6).tolist() for name, values in (
            ('score', self.scores), ('precision', self.precision), ('recall', self.recall),
            ('f1', self.f1))}
