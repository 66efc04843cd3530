"""Ask a detector about pictures, or about a data set."""
import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.registry import DefaultScope
from PIL import Image
from torch.utils.data import Dataset

from plugins.detection.load_cached_image import decode_image
from plugins.detection.metrics.image_result import ImageResult, image_result

from .trained_model import TrainedModel, evaluated_data

_LOADERS = ('LoadCachedImage', 'LoadImageFromFile')
_THRESHOLDS = ('score_thr', 'conf_thr')  # what mmdet's heads drop boxes by before NMS


class Boxes(NamedTuple):
    """Detections of one picture, from the highest score downwards.

    Attributes:
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels of the picture as it is.
        scores: (N,).
        labels: (N,) indices of classes.
    """

    boxes: np.ndarray
    scores: np.ndarray
    labels: np.ndarray


class Detect:
    """Detections in pictures, as tools/test.py computes them for the same files.

    But for padding: pictures of one shape make a batch here, see
    :func:`run_packed`, while tools/test.py pads all of a batch to its largest,
    so that there a picture among larger ones may get slightly other boxes.

    What upstream lacks: ``mmdet.DetInferencer`` refuses a pipeline that does
    not begin with LoadImageFromFile (ours begins with LoadCachedImage, which
    notices files that were cut off), goes on with random weights when a
    checkpoint does not fit, and reads no video. So the config's own test
    pipeline is run here, behind the loader.

    Args:
        trained: The detector.

    Raises:
        ValueError: The config's test pipeline does not begin with a known loader.
    """

    def __init__(self, trained: TrainedModel) -> None:
        self.model = trained.model
        data = evaluated_data(trained.cfg, 'pipeline')
        steps = copy.deepcopy(list(data.pipeline)) if data is not None else []
        first = steps[0]['type'].split('.')[-1] if steps else None
        if first not in _LOADERS:
            raise ValueError(f'config {trained.cfg.filename}: the tested pipeline begins with '
                             f'{first}, expected {" or ".join(_LOADERS)}')
        steps[0] = dict(type='LoadImageFromNDArray', to_float32=steps[0].get('to_float32', False))
        with DefaultScope.overwrite_default_scope('mmdet'):
            self._pipeline = Compose(steps)

    def read(self, path: Path) -> np.ndarray:
        """Decode a picture, RGB.

        Raises:
            ValueError: It is unreadable or incomplete.
        """
        try:
            return np.ascontiguousarray(decode_image(path)[..., ::-1])
        except (ValueError, Image.DecompressionBombError) as error:
            # without decode_image's advice, which is for the files of a data set
            raise ValueError(f'{path}: cannot be decoded as an image '
                             f'({error.__cause__ or error})') from error

    def check(self, path: Path) -> None:
        """Try whether a file can be asked about.

        Raises:
            ValueError: It cannot be decoded, or the pipeline cannot take it.
        """
        image = self.read(path)
        try:
            self._packed(image)
        except ValueError as error:
            raise ValueError(f'{path}: {error}') from error

    def __call__(self, images: Sequence[np.ndarray]) -> list[Boxes]:
        """Detect in a batch.

        Args:
            images: RGB, uint8, H x W x 3, of any sizes.

        Raises:
            ValueError: The pipeline cannot take one of them.
        """
        packed = [self._packed(image, index) for index, image in enumerate(images)]
        return [_boxes(sample) for sample in run_packed(self.model, packed)]

    def _packed(self, image: np.ndarray, index: int = 0) -> dict:
        try:
            return self._pipeline(dict(img=np.ascontiguousarray(image[..., ::-1]), img_id=index,
                                       instances=[]))
        except cv2.error as error:
            raise ValueError(_not_resizable(image.shape, error)) from error


def run_packed(model: torch.nn.Module, packed: Iterable[dict]) -> list[Any]:
    """Run a detector on what a pipeline packed; DetDataSamples with predictions, in this order.

    Pictures of one size make a batch, so that what is found in one does not
    depend on the others: the preprocessor would pad all to the largest.
    """
    samples: list[Any] = []
    with torch.no_grad():
        for _, group in groupby(packed, key=lambda item: item['inputs'].shape):
            samples += model.test_step(pseudo_collate(list(group)))
    return samples


def detect_in(trained: TrainedModel, dataset: Dataset, rows: Sequence[int]) -> list[ImageResult]:
    """Run a detector on images of a data set, with their ground truth.

    Args:
        trained: The detector.
        dataset: One of mmdet's, with the test pipeline.
        rows: Which of its images, a batch.

    Raises:
        ValueError: The pipeline does not pack ``instances`` and ``img_path``,
            or cannot take an image.
    """
    samples = run_packed(trained.model, [_sample(dataset, row) for row in rows])
    return [image_result(sample.to_dict(), 'comparison') for sample in samples]


def threshold_note(cfg: Config, score_thr: float) -> str:
    """What to tell who asks for boxes that the config's own thresholds drop; '' if none.

    A box's score is at most what either threshold looks at (YOLOv3 multiplies
    class probability and objectness), so those above ``score_thr`` lose none.
    """
    known = _thresholds(cfg.model.get('test_cfg') or {}, 'model.test_cfg')
    above = [f'{key}={value:g}' for key, value in known if value > score_thr]
    if not above:
        return ''
    return (f'Boxes of scores from {score_thr:g} on are asked for, but the config itself drops '
            f'some of them: {", ".join(above)}; lower that by --cfg-options to see them')


def _thresholds(node: Mapping, path: str) -> Iterator[tuple[str, float]]:
    for key, value in node.items():
        if isinstance(value, Mapping):
            yield from _thresholds(value, f'{path}.{key}')
        elif key in _THRESHOLDS:
            yield f'{path}.{key}', float(value)


def _sample(dataset: Dataset, row: int) -> dict:
    try:
        return dataset[row]
    except cv2.error as error:
        info = dataset.get_data_info(row)
        raise ValueError(f"{info['img_path']}: " + _not_resizable(
            (info['height'], info['width']), error)) from error


def _not_resizable(shape: Sequence[int], error: cv2.error) -> str:
    return (f"{shape[1]} x {shape[0]} pixels cannot be brought to the size of the config's test "
            f'pipeline, where a side would vanish (OpenCV: {error.err})')


def _boxes(sample: Any) -> Boxes:
    found = sample.pred_instances
    boxes, scores, labels = (found[key].detach().cpu().numpy()
                             for key in ('bboxes', 'scores', 'labels'))
    order = np.argsort(-scores, kind='stable')
    return Boxes(boxes[order].astype(float), scores[order].astype(float), labels[order])
