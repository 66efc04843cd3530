"""KITTI's official AP of boxes as an mmdet metric."""
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from plugins.detection.kitti_dataset import NEIGHBOURS

from .image_result import ImageResult, image_result
from .kitti_ap import DIFFICULTIES, POINTS, KittiImage, ceiling, kitti_ap

CLASSES = ('Car', 'Pedestrian', 'Cyclist')


@METRICS.register_module()
class KittiMetric(BaseMetric):
    """Official 2D AP of KITTI's classes: easy, moderate, hard, over 11 and 40 recall points.

    The leaderboard's measure (R40 since October 2019, R11 in papers before), but
    computed on the images tested here, because the labels of the official test
    images are not public. The rules are in :mod:`.kitti_ap`.

    Only classes named ``car``, ``pedestrian`` and ``cyclist`` (in any case) are
    evaluated. The ``type`` of an object counts, not its class in training: Vans
    that are trained as cars are still neighbours here. Detections with equal
    scores keep the order of the model.

    Metrics of a class named ``car``, in %: AP70_R40, AP70_R11, AP50_R40 and
    AP50_R11, each for ``easy``, ``moderate`` and ``hard``, e.g.
    ``kitti/car/AP70_R40_moderate``; -1 if there is nothing to find.
    ``kitti/car/objects_easy`` etc. are the numbers of objects. With fewer than
    41 the official program cannot reach 100; a warning states the AP that
    perfect detections would get.

    Args:
        iou_thrs: The IoUs that a hit must exceed; None: 0.7, the official one, and 0.5 for
            cars; 0.5, the official one, for pedestrians and cyclists.
        sampling: ``devkit``, or ``exact`` for an unofficial figure that can reach
            100 with few objects; see :func:`.kitti_ap.kitti_ap`.

    Raises:
        ValueError: An argument is out of range; or, from ``process``, the data
            set has none of the classes, or lacks types that must be ignored.
    """

    default_prefix = 'kitti'

    def __init__(self, iou_thrs: Sequence[float] | None = None, sampling: str = 'devkit',
                 **kwargs) -> None:
        super().__init__(**kwargs)
        if sampling not in ('devkit', 'exact') or not all(0 <= thr < 1 for thr in iou_thrs or ()):
            raise ValueError(f'KittiMetric: found iou_thrs={iou_thrs}, sampling={sampling!r}, '
                             "expected shares from 0 to below 1, and 'devkit' or 'exact'")
        self.iou_thrs, self.sampling = iou_thrs, sampling

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect the boxes of one batch, one item per image."""
        self._official()  # fail before hours of testing, not after
        self.results.extend(image_result(sample, 'KittiMetric') for sample in data_samples)

    def compute_metrics(self, results: list[ImageResult]) -> dict[str, float]:
        """Compute everything from all images' ground truth and detections."""
        metrics: dict[str, float] = {}
        for label, kind in self._official().items():
            name = self.dataset_meta['classes'][label]
            images = [kitti_image(result, label, kind) for result in results]
            for thr in self.iou_thrs or ((0.7, 0.5) if kind == 'Car' else (0.5,)):
                found = {level: kitti_ap(images, limits, thr, self.sampling)
                         for level, limits in DIFFICULTIES.items()}
                for points, index in (('R11', 0), ('R40', 1)):
                    metrics |= {f'{name}/AP{100 * thr:g}_{points}_{level}': ap[index]
                                for level, ap in found.items()}
            metrics |= {f'{name}/objects_{level}': ap.objects for level, ap in found.items()}
        for key, objects in metrics.items() if self.sampling == 'devkit' else ():
            if '/objects_' in key and 0 < objects < POINTS:
                r11, r40 = ceiling(int(objects))
                print_log(f'KittiMetric: {key.replace("/objects_", ", ")}: {objects} objects. By '
                          f'the official sampling perfect detections would give R11 {r11:.1f}, R40 '
                          f"{r40:.1f}, not 100; see sampling='exact'.", 'current', logging.WARNING)
        return metrics

    def _official(self) -> dict[int, str]:
        """Label -> KITTI type of the evaluated classes."""
        classes = self.dataset_meta['classes']
        kinds = {kind.lower(): kind for kind in CLASSES}
        chosen = {label: kinds[name.lower()] for label, name in enumerate(classes)
                  if name.lower() in kinds}
        if not chosen:
            raise ValueError(f'KittiMetric: the data set has the classes {list(classes)}, expected '
                             f'at least one of {", ".join(kinds)}. Rename the class in class_map, '
                             'or leave KittiMetric out of the evaluators.')
        known = self.dataset_meta.get('instance_types', ())
        needed = {'DontCare', *(other for kind in chosen.values()
                                for other in (kind, *NEIGHBOURS.get(kind, ())))}
        if needed - set(known):
            raise ValueError(
                f'KittiMetric: the data set has objects of the types {list(known)}, but not of '
                f'{", ".join(sorted(needed - set(known)))}, which KITTI evaluates or ignores. Use '
                'KittiDataset, with them in class_map or ignore_types, or leave KittiMetric out '
                'of the evaluators.')
        return chosen


def kitti_image(result: ImageResult, label: int, kind: str) -> KittiImage:
    """Prepare an image for one class; each line of its label file is one object."""
    owner: dict[str, int] = {}  # a class has all lines of a type, and another may have them too
    objects = [i for i in result.instances
               if owner.setdefault(i['type'], i['bbox_label']) == i['bbox_label']]
    targets = [i for i in objects if i['type'] in (kind, *NEIGHBOURS.get(kind, ()))]

    def column(key: str) -> np.ndarray:
        return np.array([instance[key] for instance in targets], float)

    def boxes(those: list[dict[str, Any]]) -> np.ndarray:
        return np.array([i.get('label_bbox', i['bbox']) for i in those], float).reshape(-1, 4)

    return KittiImage(
        result.boxes, result.scores, result.labels == label,
        targets=boxes(targets),
        neighbour=np.array([i['type'] != kind for i in targets], bool),
        occluded=column('occluded'), truncated=column('truncated'),
        regions=boxes([i for i in objects if i['type'] == 'DontCare']))
