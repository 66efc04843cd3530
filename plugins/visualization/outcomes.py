"""Classify a detector's boxes and the objects in an image as hits, misses or false alarms."""
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from plugins.detection.metrics.detection_metric import match_image
from plugins.detection.metrics.image_result import ImageResult

HIT, ALARM, MISSED = 'hit', 'false alarm', 'missed'
FOUND, UNCOUNTED, IGNORED = 'found', 'not counted', 'ignored'


@dataclass(frozen=True)
class Mark:
    """A detection or a labelled box in a picture, and its kind.

    Attributes:
        kind: For detections HIT, ALARM or UNCOUNTED (it matches an ignored box); for objects
            FOUND or MISSED; for other labelled boxes IGNORED (neither objects nor background).
        box: (4,) corners x1, y1, x2, y2 in pixels of the image.
        name: Its class; for an ignored box its type, such as Van.
        score: Score of a detection; None for other boxes.
    """

    kind: str
    box: tuple[float, ...]
    name: str
    score: float | None = None


@dataclass(frozen=True)
class Outcome:
    """The result of one model on one image.

    Attributes:
        marks: All boxes.
        found: The objects found, each as (label, index among the objects with this label).
    """

    marks: tuple[Mark, ...]
    found: frozenset[tuple[int, int]]

    @property
    def counts(self) -> dict[str, int]:
        """``tp``, ``fp`` and ``fn``, which DetectionMetric sums over the images."""
        kinds = Counter(mark.kind for mark in self.marks)
        return dict(tp=kinds[HIT], fp=kinds[ALARM], fn=kinds[MISSED])


def outcome(result: ImageResult, classes: Sequence[str], score_thr: float = 0.5,
            iou_thr: float = 0.5) -> Outcome:
    """Mark the detections and objects of an image; the marks add up to DetectionMetric's counts.

    Detections with a score below ``score_thr`` are left out.
    """
    marks: list[Mark] = []
    found = set()
    for label, name in enumerate(classes):
        matches, objects = match_image(result, label, iou_thr)
        own = result.labels == label
        for box, score, target, ignored in zip(result.boxes[own], result.scores[own], *matches,
                                               strict=True):
            if score >= score_thr:
                kind = HIT if target >= 0 else UNCOUNTED if ignored else ALARM
                marks.append(Mark(kind, tuple(map(float, box)), name, float(score)))
                found |= {(label, int(target))} if target >= 0 else set()
        marks += [Mark(FOUND if (label, place) in found else MISSED, tuple(one['bbox']), name)
                  for place, one in enumerate(objects)]
        marks += [Mark(IGNORED, tuple(one['bbox']), str(one.get('type', 'ignored')))
                  for one in result.instances
                  if one['bbox_label'] == label and one.get('ignore_flag')]
    return Outcome(tuple(marks), frozenset(found))


def disagreement(outcomes: Sequence[Outcome]) -> int:
    """How much the results of models on one image differ.

    It is the number of objects found by some but not all models, plus the difference between the
    most and the fewest false alarms. For a single model, it is the number of its mistakes.
    """
    alarms = [one.counts['fp'] for one in outcomes]
    if len(outcomes) == 1:
        return alarms[0] + outcomes[0].counts['fn']
    by_some = frozenset.union(*(one.found for one in outcomes))
    by_all = frozenset.intersection(*(one.found for one in outcomes))
    return len(by_some - by_all) + max(alarms) - min(alarms)
