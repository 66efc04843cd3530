"""YOLOv3's anchors, checked."""
from collections.abc import Sequence

import numpy as np
from mmdet.models.task_modules import prior_generators
from mmdet.registry import TASK_UTILS

from plugins.engine.wording import shortened


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
