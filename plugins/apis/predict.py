"""What a trained model says about pictures, as records for JSON."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .load import TrainedModel


class Predictor:
    """Predict pictures with a classifier or a detector, as tools/test.py does for the same files.

    Args:
        trained: The model.
        topk: Of a classifier, how many classes to name.
        score_thr: Of a detector, the least score of a box.

    Attributes:
        settings: Which of the two applies, by its name.
        note: Why boxes may be missing, see ``threshold_note``; '' for no reason.

    Raises:
        ValueError: How a picture becomes an input is not known, see ``Classify`` and ``Detect``.
    """

    def __init__(self, trained: TrainedModel, topk: int = 5, score_thr: float = 0.3) -> None:
        self.classes, self.note = trained.classes, ''
        if trained.kind == 'detector':
            from .detect import Detect, threshold_note
            self.note = threshold_note(trained.cfg, score_thr)
            self._model, self._entry = Detect(trained), self._boxes
            self.settings: dict[str, Any] = dict(score_thr=score_thr)
        else:
            from .classify import Classify
            self._model, self._entry = Classify(trained), self._top
            self.settings = dict(topk=min(topk, len(self.classes)))

    def read(self, path: Path) -> np.ndarray:
        """Decode a picture: RGB, uint8, H x W x 3, upright.

        Raises:
            ValueError: It cannot be decoded to the end.
        """
        return self._model.read(path)

    def __call__(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """Predict a batch.

        Args:
            images: RGB, uint8, H x W x 3, of any sizes.

        Returns:
            For each picture, of a classifier ``class`` and ``score`` of the most likely class and
            ``topk``, the list of the most likely ones; of a detector ``detections``, each with
            ``class``, ``score`` and ``box`` (x1, y1, x2, y2 in pixels of the picture).
        """
        return [self._entry(answer) for answer in self._model(images)]

    def _top(self, scores: np.ndarray) -> dict[str, Any]:
        order = np.argsort(-scores, kind='stable')[:self.settings['topk']]
        top = [{'class': self.classes[k], 'score': _digits(scores[k])} for k in order]
        return {**top[0], 'topk': top}

    def _boxes(self, found: Any) -> dict[str, Any]:
        return dict(detections=[
            {'class': self.classes[label], 'score': _digits(score),
             'box': [round(float(corner), 3) for corner in box]}
            for box, score, label in zip(*found, strict=True)
            if score >= self.settings['score_thr']])


def _digits(score: float) -> float:
    """A number as short as float32's precision allows."""
    return float(f'{float(score):.7g}')
