"""Images of a detection data set with their labels, before and after the pipeline."""
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.registry import DATASETS

from plugins.detection.metrics.kitti_ap import DIFFICULTIES
from plugins.engine.images import read_image


class Label(NamedTuple):
    """A labelled box in a picture.

    Attributes:
        box: Corners x1, y1, x2, y2 in pixels of the picture.
        name: The class; for ignored objects their type, or '' if it is unknown.
        ignored: Whether it is ignored, i.e. neither an object nor background.
        difficulty: ``easy``, ``moderate``, ``hard`` or ``none``; None if the data have none.
    """

    box: tuple[float, ...]
    name: str
    ignored: bool
    difficulty: str | None


class Scenes:
    """Images of an mmdet data set, as stored and as prepared by the pipeline.

    Args:
        config: Config of the data set, also inside wrappers such as MultiImageMixDataset.

    Raises:
        ValueError: The data set has no pipeline that loads labels.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.dataset = self._inner = DATASETS.build(config)
        while hasattr(self._inner, 'dataset'):
            self._inner = self._inner.dataset
        pipeline = getattr(self._inner, 'pipeline', None)
        names = [type(step).__name__ for step in pipeline.transforms] if pipeline else []
        if 'LoadAnnotations' not in names:
            raise ValueError(f'dataset: found a {type(self._inner).__name__} with the pipeline '
                             f'{names}, expected LoadAnnotations in it: there are no labels to '
                             'draw')
        # Test pipelines load labels after Resize: these are in pixels of the file.
        self._unscaled = 'Resize' in names[:names.index('LoadAnnotations')]
        self._classes = self._inner.metainfo['classes']

    def __len__(self) -> int:
        return len(self._inner)

    def path(self, row: int) -> Path:
        """The image's file."""
        return Path(self._inner.get_data_info(int(row))['img_path'])

    def stored(self, row: int) -> tuple[np.ndarray, list[Label]]:
        """The image in its file (RGB, uint8, H x W x 3), and its labels.

        Raises:
            ValueError: It cannot be decoded.
        """
        info = self._inner.get_data_info(int(row))
        labels = []
        for one in info['instances']:
            name, ignored = self._classes[one['bbox_label']], bool(one['ignore_flag'])
            labels.append(Label(tuple(one['bbox']), one.get('type', name) if ignored else name,
                                ignored, None if ignored else difficulty(one)))
        return np.array(read_image(info['img_path'])), labels

    def prepared(self, row: int) -> tuple[np.ndarray, list[Label]]:
        """The image after the pipeline, which may be random, and its remaining labels.

        Pipelines keep classes, but not types and difficulties.
        """
        item = self.dataset[int(row)]
        sample = item['data_samples']
        image = item['inputs'].float().round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
        factor = np.tile(sample.scale_factor, 2) if self._unscaled else 1.
        labels = []
        for group, ignored in ((sample.gt_instances, False), (sample.ignored_instances, True)):
            boxes = getattr(group.bboxes, 'tensor', group.bboxes).numpy() * factor
            labels += [Label(tuple(box), '' if ignored else self._classes[label], ignored, None)
                       for box, label in zip(boxes, group.labels.tolist(), strict=True)]
        return np.ascontiguousarray(image[..., ::-1]), labels


def difficulty(instance: Mapping[str, Any]) -> str | None:
    """The easiest of KITTI's difficulties that includes an object; ``none`` if none does.

    Follows KITTI's evaluation, for the box of the label file.

    Args:
        instance: An instance of KittiDataset; for those of other data sets None is returned.
    """
    if not {'occluded', 'truncated'} <= set(instance):
        return None
    _, top, _, bottom = instance.get('label_bbox', instance['bbox'])
    return next((name for name, limits in DIFFICULTIES.items()
                 if bottom - top > limits.height and instance['occluded'] <= limits.occluded
                 and instance['truncated'] <= limits.truncated), 'none')
