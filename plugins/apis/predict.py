"""A trained model's predictions for pictures, as records for JSON."""
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .load import TrainedModel, rounded
from .onnx_model import OnnxModel


def inference_of(trained: TrainedModel) -> Callable[[Sequence[np.ndarray]], Sequence[Any]]:
    """The model's ``Classify`` or ``Detect``."""
    if trained.kind == 'detector':
        from .detect import Detect
        return Detect(trained)
    from .classify import Classify
    return Classify(trained)


class Predictor:
    """Classify pictures or detect objects in them, as tools/test.py does for the same files.

    Args:
        topk: For a classifier, how many classes to return.
        score_thr: For a detector, the minimum score of a box.

    Attributes:
        settings: ``topk`` or ``score_thr``, whichever applies, with its value.
        note: Why boxes may be missing, see ``threshold_note``; '' if none are.

    Raises:
        ValueError: The config does not define the input, see ``Classify`` and ``Detect``.
    """

    def __init__(self, trained: TrainedModel | OnnxModel, topk: int = 5,
                 score_thr: float = 0.3) -> None:
        self.classes, self.note = trained.classes, ''
        self._model = trained if isinstance(trained, OnnxModel) else inference_of(trained)
        if trained.kind == 'detector':
            from .detect import threshold_note
            self.note = threshold_note(trained.cfg, score_thr)
            self.settings: dict[str, Any] = dict(score_thr=score_thr)
        else:
            self.settings = dict(topk=min(topk, len(self.classes)))

    def __call__(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """Predict a batch.

        Returns:
            For each picture, from a classifier: ``class`` and ``score`` of the most likely class,
            and ``topk``, a list of the most likely ones; from a detector: ``detections``.
        """
        answers = self._model(images)
        if 'topk' in self.settings:
            return [self._top(scores) for scores in answers]
        least = self.settings['score_thr']
        return [dict(detections=[one for one in found if one['score'] >= least])
                for found in answers]

    def _top(self, scores: np.ndarray) -> dict[str, Any]:
        order = np.argsort(-scores, kind='stable')[:self.settings['topk']]
        top = [{'class': self.classes[k], 'score': rounded(scores[k])} for k in order]
        return {**top[0], 'topk': top}
