"""Precision and recall over all scores, and the metrics that follow from them."""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# The value of undefined metrics (no objects to find), as in pycocotools.
NOTHING = -1.0


@dataclass(frozen=True)
class PRCurve:
    """Hits and false alarms among the detections above each score.

    All figures are shares from 0 to 1; precision without a detection is 0;
    without objects, everything but the counts is NOTHING.

    Attributes:
        scores: (K,) the distinct scores of the detections, descending.
            Detections with equal scores are added together, so their order has
            no influence.
        hits: (K,) detections with at least this score that found an object.
        alarms: (K,) detections with at least this score that did not.
        objects: Number of objects to find.
    """

    scores: np.ndarray
    hits: np.ndarray
    alarms: np.ndarray
    objects: int

    @classmethod
    def of(cls, scores: np.ndarray, hits: np.ndarray, objects: int) -> 'PRCurve':
        """Build the curve.

        Args:
            scores: (N,) scores of all detections that are not ignored.
            hits: (N,) whether each found an object.
            objects: Number of objects in all images.
        """
        scores, hits = np.asarray(scores, float), np.asarray(hits, bool)
        distinct, place = np.unique(-scores, return_inverse=True)
        hits, alarms = (np.bincount(place[chosen], minlength=len(distinct)).cumsum()
                        for chosen in (hits, ~hits))
        return cls(-distinct, hits, alarms, int(objects))

    @cached_property
    def precision(self) -> np.ndarray:
        """(K,) share of correct detections among those with at least this score."""
        return self.hits / np.maximum(self.hits + self.alarms, 1)

    @cached_property
    def recall(self) -> np.ndarray:
        """(K,) share of the objects found by detections with at least this score."""
        return self.hits / self.objects if self.objects else np.full(len(self.hits), NOTHING)

    @cached_property
    def f1(self) -> np.ndarray:
        """(K,) harmonic mean of precision and recall."""
        if not self.objects:
            return np.full(len(self.hits), NOTHING)
        return 2 * self.hits / (self.hits + self.alarms + self.objects)

    @cached_property
    def _envelope(self) -> np.ndarray:
        """(K,) the best precision at this or a higher recall."""
        return np.maximum.accumulate(self.precision[::-1])[::-1]

    def ap(self) -> float:
        """Average precision over all points: the area below the envelope (Pascal VOC from 2010).

        Of detections with equal scores, Pascal VOC's program counts one after another, in their
        order: its figure lies above ours where the hits come first.
        """
        if not self.objects:
            return NOTHING
        return float(np.sum(np.diff(self.recall, prepend=0) * self._envelope))

    def ap11(self) -> float:
        """Average of the envelope at recall 0, 0.1, ..., 1 (Pascal VOC until 2009); see ap()."""
        if not self.objects:
            return NOTHING
        first = np.searchsorted(self.recall, np.arange(11) / 10)
        return float(np.append(self._envelope, 0)[first].mean())

    def at(self, score: float) -> dict[str, float]:
        """Counts and metrics of the detections with at least this score.

        Returns:
            ``precision``, ``recall``, ``f1``, ``tp``, ``fp``, ``fn``.
        """
        place = int((self.scores >= score).sum()) - 1
        hits, alarms = (int(n[place]) if place >= 0 else 0 for n in (self.hits, self.alarms))
        counts = dict(tp=hits, fp=alarms, fn=self.objects - hits)
        if not self.objects:
            return dict(precision=NOTHING, recall=NOTHING, f1=NOTHING, **counts)
        return dict(precision=hits / max(hits + alarms, 1), recall=hits / self.objects,
                    f1=2 * hits / (hits + alarms + self.objects), **counts)

    def best_f1(self) -> tuple[float, float]:
        """The largest F1 and the highest score that reaches it; (0, 0) without a detection."""
        if not self.objects:
            return NOTHING, NOTHING
        if not len(self.scores):
            return 0.0, 0.0
        place = int(self.f1.argmax())
        return float(self.f1[place]), float(self.scores[place])

    def corners(self) -> dict[str, list[float]]:
        """The points at which recall rises, for records and pictures.

        Between them precision only falls, so they define the whole envelope;
        there are at most as many as objects.

        Returns:
            ``score``, ``precision``, ``recall``, ``f1``: lists of equal length.
        """
        rises = np.diff(self.hits, prepend=0) > 0
        return {name: values[rises].round(6).tolist() for name, values in (
            ('score', self.scores), ('precision', self.precision), ('recall', self.recall),
            ('f1', self.f1))}


def ap_interval(images: Sequence[tuple[np.ndarray, np.ndarray, int]], seed: int = 0,
                resamples: int = 1000) -> list[float]:
    """The 95 % interval of average precision, by the percentile bootstrap over images.

    As many images are drawn again and again from those tested, with replacement, and their AP is
    counted from the same matches; draws without objects are left out. With few images the interval
    is too narrow: simulated, of 40 images, it holds the AP of very many in 90 of 100 cases.

    Args:
        images: Of each image, the arguments of :meth:`PRCurve.of`.

    Returns:
        The ends; none if there are no objects.
    """
    lengths = [len(scores) for scores, _, _ in images]
    scores, hits = (np.concatenate([one[place] for one in images]) for place in (0, 1))
    hits, of_image = hits.astype(bool), np.repeat(np.arange(len(images)), lengths)
    distinct, place = np.unique(-scores, return_inverse=True)
    objects, random = np.array([one[2] for one in images]), np.random.RandomState(seed)
    found = []
    for _ in range(resamples if objects.any() else 0):
        times = np.bincount(random.randint(len(images), size=len(images)), minlength=len(images))
        counts = (np.bincount(place[chosen], times[of_image[chosen]], len(distinct)).cumsum()
                  for chosen in (hits, ~hits))
        found.append(PRCurve(-distinct, *counts, int(times @ objects)).ap())
    found = [ap for ap in found if ap != NOTHING]
    return np.percentile(found, (2.5, 97.5)).tolist() if found else []
