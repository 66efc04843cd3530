"""Run exported models with onnxruntime."""
import json
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from .inference import detections
from .predict import Model

FORMAT = 'mmtransfer'  # the key of our facts in a file's metadata


class OnnxModel(Model):
    """A file of tools/deployment/export_onnx.py, in place of a ``TrainedModel`` and its inference.

    Attributes:
        card: ``kind``, ``classes``, ``input`` (the rule), ``config`` (its name), ``test_cfg``.

    Raises:
        ValueError: The file is not ONNX, is damaged, or another program wrote it.
    """

    def __init__(self, path: str | Path) -> None:
        import onnx
        import onnxruntime
        from google.protobuf.message import DecodeError

        try:
            onnx.checker.check_model(str(path))
            found = onnx.load(path).metadata_props
        except (onnx.checker.ValidationError, DecodeError) as error:
            raise ValueError(f'{path}: is not an ONNX file, or is damaged '
                             f'({str(error).splitlines()[0]}); export the model again') from error
        if FORMAT not in (facts := {entry.key: entry.value for entry in found}):
            raise ValueError(f'{path}: names neither classes nor inputs, as a file of '
                             'tools/deployment/export_onnx.py does; export the model with it')
        self.card: dict[str, Any] = json.loads(facts[FORMAT])
        self.kind, self.classes = self.card['kind'], tuple(self.card['classes'])
        self.config = Config(dict(model=dict(test_cfg=self.card['test_cfg'])))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=['CPUExecutionProvider'])

    def __call__(self, images: Sequence[np.ndarray]) -> Any:
        """Answer for a batch as ``Classify`` or ``Detect`` does; equal sizes share a run."""
        rows = []
        for _, group in groupby(images, key=np.shape):
            rows += zip(*self._session.run(None, dict(pictures=np.stack([*group]))), strict=True)
        if self.kind == 'classifier':
            return np.stack([scores for scores, in rows])
        return [detections(*(part[scores > 0] for part in (boxes, scores, labels)), self.classes)
                for boxes, scores, labels in rows]
