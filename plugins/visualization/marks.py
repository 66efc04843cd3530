"""What may become of a box, and how differently models see an image; without mmdet."""
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HIT, ALARM, MISSED = 'hit', 'false alarm', 'missed'
FOUND, UNCOUNTED, IGNORED = 'found', 'not counted', 'ignored'


@dataclass(frozen=True)
class Mark:
    """One box in a picture, and what became of it.

    Attributes:
        kind: Of a detection HIT, ALARM or UNCOUNTED (it lies on something
            that is ignored), of an object FOUND or MISSED, and IGNORED of what
            is neither to be found nor background.
        box: (4,) corners x1, y1, x2, y2 in pixels of the image.
        name: Of its class; of an ignored one its type, as Van.
        score: Of a detection, else None.
    """

    kind: str
    box: tuple[float, float, float, float]
    name: str
    score: float | None = None


@dataclass(frozen=True)
class Outcome:
    """One image as one model sees it.

    Attributes:
        image: The image file's name without its suffix.
        marks: Every box.
        found: The objects found, each as (label, number among those of its label).
        objects: All objects, likewise.
    """

    image: str
    marks: tuple[Mark, ...]
    found: frozenset[tuple[int, int]]
    objects: frozenset[tuple[int, int]]

    @property
    def counts(self) -> dict[str, int]:
        """``tp``, ``fp`` and ``fn``, which DetectionMetric sums over the images."""
        kinds = Counter(mark.kind for mark in self.marks)
        return dict(tp=kinds[HIT], fp=kinds[ALARM], fn=kinds[MISSED])


def disagreement(outcomes: Sequence[Outcome]) -> int:
    """How differently models see one image; of a single model, how many mistakes it makes.

    Args:
        outcomes: Of one image, by each model.

    Returns:
        The number of objects that some, but not all, have found, and the
        difference between the most and the fewest false alarms.
    """
    alarms = [one.counts['fp'] for one in outcomes]
    if len(outcomes) == 1:
        return alarms[0] + outcomes[0].counts['fn']
    by_some = frozenset.union(*(one.found for one in outcomes))
    by_all = frozenset.intersection(*(one.found for one in outcomes))
    return len(by_some - by_all) + max(alarms) - min(alarms)


def most_disputed(images: Sequence[Sequence[Outcome]], number: int) -> list[int]:
    """Places of the images that the models disagree on most, the worst first.

    Args:
        images: For each image, the outcomes of all models.
        number: How many to choose.
    """
    order = np.argsort([-disagreement(outcomes) for outcomes in images], kind='stable')
    return [int(place) for place in order[:number]]
