"""A detector's training images with the labels that they still have behind the pipeline."""
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.registry import DATASETS

from plugins.detection.load_cached_image import decode_image
from plugins.detection.metrics.kitti_ap import DIFFICULTIES
from plugins.visualization.contact_sheet import Label


class Scenes:
    """Images of one of mmdet's data sets, stored and prepared.

    What upstream lacks: behind a pipeline a box has a class and a flag, but no
    type, occlusion or truncation, and in a mixture of images nothing tells
    whose it was. Here, where labels are loaded, each box gets a number for a
    class, which every transform carries along; behind the pipeline the number
    leads back to the label. Nothing is known of the model's own padding.

    Args:
        config: Of the data set, perhaps below wrappers such as MultiImageMixDataset.

    Raises:
        ValueError: The data set has no pipeline that loads labels.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self.dataset = self._inner = DATASETS.build(config)
        while not hasattr(self._inner, 'pipeline') or hasattr(self._inner, 'dataset'):
            if not hasattr(self._inner, 'dataset'):
                raise ValueError(f'dataset: found a {type(self._inner).__name__}, expected one '
                                 'that has a pipeline, or wraps one')
            self._inner = self._inner.dataset
        steps = self._inner.pipeline.transforms
        names = [type(step).__name__ for step in steps]
        if 'LoadAnnotations' not in names:
            raise ValueError(f'dataset.pipeline: found {", ".join(names)}, expected '
                             'LoadAnnotations among them: there are no labels to draw')
        place = names.index('LoadAnnotations')
        steps.insert(place + 1, self._number)
        # The tests' pipelines load labels behind Resize: they stay those of the file's pixels.
        self._unscaled = 'Resize' in names[:place]
        self._instances: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._inner)

    def path(self, row: int) -> Path:
        """The image's file."""
        return Path(self._inner.get_data_info(int(row))['img_path'])

    def stored(self, row: int) -> tuple[np.ndarray, list[Label]]:
        """The image as its file has it (RGB, uint8, H x W x 3), and its labels.

        Raises:
            ValueError: It cannot be decoded.
        """
        info = self._inner.get_data_info(int(row))
        image = np.ascontiguousarray(decode_image(info['img_path'])[..., ::-1])
        return image, [self._label(one, one['bbox'], bool(one['ignore_flag']))
                       for one in info['instances']]

    def prepared(self, row: int) -> tuple[np.ndarray, list[Label]]:
        """The image as the pipeline hands it out, anew at each call, and the labels left in it.

        Raises:
            ValueError: A wrapper hands out another image for this row.
        """
        self._instances.clear()
        item = self.dataset[int(row)]
        sample = item['data_samples']
        if Path(sample.img_path) != self.path(row):
            raise ValueError(f'dataset: {type(self.dataset).__name__} hands out '
                             f'{sample.img_path} as image {row}, expected {self.path(row)}; '
                             'wrappers that choose or repeat images are not known here')
        image = item['inputs'].float().round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
        factor = np.tile(sample.scale_factor, 2) if self._unscaled else 1.
        labels = []
        for group, ignored in ((sample.gt_instances, False), (sample.ignored_instances, True)):
            boxes = getattr(group.bboxes, 'tensor', group.bboxes).numpy() * factor
            labels += [self._label(self._instances[number], box, ignored)
                       for box, number in zip(boxes, group.labels.tolist(), strict=True)]
        return np.ascontiguousarray(image[..., ::-1]), labels

    def _number(self, results: dict[str, Any]) -> dict[str, Any]:
        """A step of the pipeline, behind LoadAnnotations: numbers in place of classes."""
        instances, first = results['instances'], len(self._instances)
        if len(results['gt_bboxes_labels']) != len(instances):
            raise ValueError(f"{results['img_path']}: LoadAnnotations made "
                             f"{len(results['gt_bboxes_labels'])} boxes of {len(instances)} "
                             'labels, expected one of each')
        self._instances += instances
        results['gt_bboxes_labels'] = np.arange(first, first + len(instances))
        return results

    def _label(self, instance: Mapping[str, Any], box: Any, ignored: bool) -> Label:
        classes = self._inner.metainfo['classes']
        name = classes[instance['bbox_label']]
        return Label(tuple(float(corner) for corner in box),
                     instance.get('type', name) if ignored else name,
                     ignored, None if ignored else difficulty(instance))


def difficulty(instance: Mapping[str, Any]) -> str | None:
    """The easiest of KITTI's difficulties that has to find an object; ``none``: no one has to.

    By the rule of KITTI's own evaluation, on the box in pixels of the file.

    Args:
        instance: As KittiDataset makes it; None is returned for another data set's.
    """
    if not {'occluded', 'truncated'} <= set(instance):
        return None
    height = instance['bbox'][3] - instance['bbox'][1]
    return next((name for name, limits in DIFFICULTIES.items()
                 if height > limits.height and instance['occluded'] <= limits.occluded
                 and instance['truncated'] <= limits.truncated), 'none')
