"""Detection metrics: COCO's AP, counts and curves at one IoU, and KITTI's official AP."""
from .coco_metric import CocoBoxMetric, CocoMetric
from .detection_metric import DetectionMetric
from .kitti_metric import KittiMetric
from .kitti_result_files import KittiResultFiles

__all__ = ['CocoBoxMetric', 'CocoMetric', 'DetectionMetric', 'KittiMetric', 'KittiResultFiles']
