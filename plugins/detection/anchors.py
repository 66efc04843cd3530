"""Check the anchors of a YOLOv3 head, and fit them to boxes.

mmdet's optimize_anchors.py scales boxes by ``max(image side) / input side``, which is right only
for a square letterbox, counts ignored instances, may end with an empty cluster, and has no seed.
"""
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from mmdet.models.task_modules import prior_generators
from mmdet.registry import DATASETS, TASK_UTILS
from mmdet.structures.bbox import get_box_tensor
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed

from plugins.engine.wording import shortened

from .metrics.matching import overlaps

SHARE_IOU = 0.5
_ITERATIONS = 1000  # KITTI needs about 20

Size = tuple[float, float]
Levels = list[list[tuple[int, int]]]


@TASK_UTILS.register_module(force=True)
class YOLOAnchorGenerator(prior_generators.YOLOAnchorGenerator):
    """Upstream's generator under its name, so that every config's anchors are checked.

    Upstream trains with zeros, shares, negative sizes and the largest at the smallest stride. A
    flat list, as mmdet's optimize_anchors.py prints it, is an IndexError or other anchors there.
    """

    def __init__(self, strides: Sequence, base_sizes: Sequence, **kwargs) -> None:
        try:
            sizes = np.array(base_sizes, float)  # refuses unequal levels
            fits = sizes.shape[::2] == (len(strides), 2) and sizes.ndim == 3 and sizes.min() >= 1
            scales = np.array([np.mean(stride) for stride in strides])
            areas = sizes.prod(2).mean(1)[scales.argsort()]
            fits &= np.isfinite(sizes).all() and scales.min() > 0 and (np.diff(areas) >= 0).all()
        except (IndexError, TypeError, ValueError):
            fits = False
        if not fits:
            raise ValueError(
                f'anchor_generator.base_sizes: found {shortened(base_sizes)}, expected a list of '
                f'(width, height) for each of the strides {shortened(strides)}, all as long, in '
                'pixels of the input (from 1), the largest for the largest stride, e.g. '
                '[[(116, 90), (156, 198)], [(30, 61), (62, 45)]] for [32, 16]')
        super().__init__(strides, base_sizes, **kwargs)


class Fit(NamedTuple):
    """How well anchors fit boxes: mean IoU of boxes with their best anchor, and share over 0.5."""

    mean_iou: float
    share: float


def training_sizes(cfg: Config, seed: int) -> list[Size]:
    """Width and height in input pixels of the training boxes that are not ignored.

    Each image passes all transforms once, including those that mix images.

    Raises:
        ValueError: The transforms do not end in PackDetInputs.
    """
    from rich.progress import track

    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmdet')):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        set_random_seed(seed)
        sizes: list[Size] = []
        for index in track(range(len(dataset)), 'boxes of the training images'):
            sample = dataset[index]
            if 'data_samples' not in sample:
                raise ValueError(f'{cfg.filename}: the transforms of train_dataloader.dataset '
                                 f'give {sorted(sample)}, expected PackDetInputs at their end')
            boxes = get_box_tensor(sample['data_samples'].gt_instances.bboxes)
            sizes += [tuple(size) for size in (boxes[:, 2:] - boxes[:, :2]).tolist()]
    return sizes


def fit(sizes: Sequence[Size], count: int, seed: int = 0, restarts: int = 100
        ) -> list[tuple[int, int]]:
    """The best of several k-means fits with IoU, rounded to pixels, in order of area.

    Raises:
        ValueError: There are fewer distinct sizes than anchors.
    """
    boxes = np.array(sizes, float).reshape(-1, 2)
    different = np.unique(boxes, axis=0)
    if len(different) < count:
        raise ValueError(f'found {len(different)} different sizes among {len(boxes)} boxes that '
                         f'are not ignored, expected at least one for each of the {count} anchors; '
                         'use more training images')
    rng = np.random.default_rng(seed)
    fits = [_k_means(boxes, rng.choice(different, count, replace=False)) for _ in range(restarts)]
    best = max((np.maximum(anchors.round(), 1) for anchors in fits),
               key=lambda anchors: quality(boxes, anchors).mean_iou)
    return sorted(((int(width), int(height)) for width, height in best),
                  key=lambda anchor: (anchor[0] * anchor[1], anchor))


def _k_means(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    for _ in range(_ITERATIONS):
        shared = _ious(boxes, anchors)
        nearest = shared.argmax(1)
        # an empty cluster gets the box with the worst fit
        moved = np.array([boxes[nearest == k].mean(0) if (nearest == k).any()
                          else boxes[shared.max(1).argmin()] for k in range(len(anchors))])
        if np.array_equal(moved, anchors):
            break
        anchors = moved
    return anchors


def quality(sizes: Sequence[Size], anchors: Sequence[Size]) -> Fit:
    """Compare boxes with anchors as the assigners do: by IoU with equal centres."""
    best = _ious(sizes, anchors).max(1)
    return Fit(float(best.mean()), float((best > SHARE_IOU).mean()))


def to_levels(anchors: Sequence[tuple[int, int]], strides: Sequence[Any]) -> Levels:
    """Distribute anchors to scales, the largest to the coarsest, as many to each.

    Args:
        anchors: Smallest first.
        strides: The stride of each scale: a number or a pair.
    """
    number, levels = len(anchors) // len(strides), range(len(strides))
    finest_first = sorted(levels, key=lambda level: strides[level])
    starts = [number * finest_first.index(level) for level in levels]
    return [list(anchors[start:start + number]) for start in starts]


def _ious(sizes: Sequence[Size], anchors: Sequence[Size]) -> np.ndarray:
    """IoUs of boxes placed at the same corner; they equal those of boxes with the same centre."""
    return overlaps(*(np.pad(np.asarray(one, float), ((0, 0), (2, 0))) for one in (sizes, anchors)))
