"""Detection on KITTI with mmdet: label files, data set, image loading, head and metrics.

Importing this package registers mmdet's classes, then ours. It imports only
the five sub-packages that a detection config needs, and blocks mmdet's
optional dependencies.
"""
from plugins.engine.lean_import import without

with without('mmpretrain', 'sklearn'):
    import mmdet.datasets
    import mmdet.engine
    import mmdet.evaluation
    import mmdet.models
    import mmdet.visualization  # noqa: F401

import plugins.engine.registration  # noqa: F401
from plugins.engine.load_cached_image import LoadCachedImage

from .anchors import YOLOAnchorGenerator
from .coco_dataset import CocoDataset
from .kitti_dataset import KittiDataset
from .metrics import CocoBoxMetric, CocoMetric, DetectionMetric, KittiMetric, KittiResultFiles
from .yolov3_head import KittiYOLOV3Head
from .yolov3_statistics_hook import YOLOStatisticsHook
from .yolov3_targets import BatchGridAssigner, EachScaleAssigner

__all__ = ['BatchGridAssigner', 'CocoBoxMetric', 'CocoDataset', 'CocoMetric', 'DetectionMetric',
           'EachScaleAssigner', 'KittiDataset', 'KittiMetric', 'KittiResultFiles',
           'KittiYOLOV3Head', 'LoadCachedImage', 'YOLOAnchorGenerator', 'YOLOStatisticsHook']
