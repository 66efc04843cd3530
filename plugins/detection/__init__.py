"""KITTI in mmdet: label files, data set, image loading.

Importing this package registers mmdet's own classes, then ours. It imports
the five sub-packages a detection config needs, and not mmdet's optional
companions, which it would load only to support tasks that are not ours.
"""
import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from plugins.lean_import import without


@contextmanager
def _without_import_noise() -> Iterator[None]:
    """Drop two messages about optional packages that no config here can use.

    mmdet prints the first twice at every start (its ``level=DEBUG`` has no
    effect without a logger) and warns by the second, which reads as if no
    metric would be computed: it concerns FasterCocoMetric alone.
    """
    printed = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='faster_coco_eval is not installed')
        try:
            with redirect_stdout(printed):
                yield
        finally:
            for line in printed.getvalue().splitlines(keepends=True):
                if not line.startswith('Could not import OneDL.'):
                    sys.stdout.write(line)


with without('mmpretrain', 'sklearn'), _without_import_noise():
    import mmdet.datasets
    import mmdet.engine
    import mmdet.evaluation
    import mmdet.models
    import mmdet.visualization  # noqa: F401

from plugins.detection.coco_metric import CocoBoxMetric
from plugins.detection.kitti_dataset import KittiDataset
from plugins.detection.load_cached_image import LoadCachedImage

__all__ = ['CocoBoxMetric', 'KittiDataset', 'LoadCachedImage']
