"""KITTI in mmdet: label files, data set, image loading, and the head and metric for it.

Importing this package registers mmdet's own classes, then ours. It imports
the five sub-packages a detection config needs, and not mmdet's optional
companions, which it would load only to support tasks that are not ours.
"""
from plugins.engine.lean_import import muted, without

with without('mmpretrain', 'sklearn'), muted('Could not import OneDL'):
    import mmdet.datasets
    import mmdet.engine
    import mmdet.evaluation
    import mmdet.models
    import mmdet.visualization  # noqa: F401

import plugins.engine.registration  # noqa: F401

from .kitti_dataset import KittiDataset
from .load_cached_image import LoadCachedImage
from .metrics import CocoBoxMetric, DetectionMetric, KittiMetric, KittiResultFiles
from .yolov3_head import KittiYOLOV3Head
from .yolov3_statistics_hook import YOLOStatisticsHook
from .yolov3_targets import BatchGridAssigner, EachScaleAssigner

__all__ = ['BatchGridAssigner', 'CocoBoxMetric', 'DetectionMetric', 'EachScaleAssigner',
           'KittiDataset', 'KittiMetric', 'KittiResultFiles', 'KittiYOLOV3Head',
           'LoadCachedImage', 'YOLOStatisticsHook']
