"""Classify a detector's boxes and the objects in an image as hits, misses or false alarms."""
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plugins.detection.metrics.detection_metric import match_image
from plugins.detection.metrics.image_result import ImageResult

HIT, ALARM, MISSED = 'hit', 'false alarm', 'missed'
FOUND, UNCOUNTED, IGNORED = 'found', 'not counted', 'ignored'


@dataclass(frozen=True)
class Mark:
    """One box in a picture, and what became of it.

    Attributes:
        kind: Of a detection HIT, ALARM or UNCOUNTED (it lies on something that is ignored), of an
            object FOUND or MISSED; IGNORED: neither to be found nor background.
        box: (4,) corners x1, y1, x2, y2 in pixels of the image.
        name: Its class; of an ignored one its type, such as Van.
        score: Of a detection, else None.
    """

    kind: str
    box: tuple[float, ...]
    name: str
    score: float | None = None


@dataclass(frozen=True)
class Outcome:
    """One image as one model sees it.

    Attributes:
        marks: Every box.
        found: The objects found, each as (label, number among those of its label).
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

    Args:
        result: The image.
        classes: Class names in label order.
        score_thr: Least score of a detection that counts; the others are left out.
        iou_thr: Least IoU of a detection with the object it finds.
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
    """How differently models see one image; of a single model, how many mistakes it makes.

    Args:
        outcomes: One image, by each model.

    Returns:
        The number of objects that some, but not all, have found, plus the difference between the
        most and the fewest false alarms.
    """
    alarms = [one.counts['fp'] for one in outcomes]
    if len(outcomes) == 1:
        return alarms[0] + outcomes[0].counts['fn']
    by_some = frozenset.union(*(one.found for one in outcomes))
    by_all = frozenset.intersection(*(one.found for one in outcomes))
    return len(by_some - by_all) + max(alarms) - min(alarms)


def most_disputed(images: Sequence[Sequence[Outcome]], number: int) -> list[int]:
    """Indices of the images that the models disagree on most, the worst first.

    Args:
        images: For each image, the outcomes of all models.
        number: How many to choose.
    """
    order = np.argsort([-disagreement(outcomes) for outcomes in images], kind='stable')
    return [int(place) for place in order[:number]]
