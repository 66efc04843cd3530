"""The small KITTI folder that the tests of KittiDataset use."""
from tests.plugins.detection.conftest import kitti_root, mmdet_scope

__all__ = ['kitti_root', 'mmdet_scope']
