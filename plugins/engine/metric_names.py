"""The metrics in tables of results, and how their values are formatted."""
from typing import NamedTuple


class Metric(NamedTuple):
    """The three names of a metric, and its number of decimals."""

    key: str  # in result.json and results.csv
    name: str  # in metafile.yml
    label: str  # in tables
    decimals: int


# In the order of the tables, the most important first.
METRICS = (
    Metric('accuracy/top1', 'Top 1 Accuracy', 'accuracy', 2),
    Metric('accuracy/mean_class', 'Mean Class Accuracy', 'mCA', 2),
    Metric('loss', 'Loss', 'loss', 4),
    Metric('coco/bbox_mAP_50', 'AP50', 'AP50', 3),
    Metric('coco/bbox_mAP', 'box AP', 'mAP', 3),
    Metric('car/precision', 'Precision', 'precision', 3),
    Metric('car/recall', 'Recall', 'recall', 3),
    Metric('car/f1', 'F1', 'F1', 3),
    Metric('kitti/car/AP70_R40_moderate', 'KITTI AP', 'KITTI AP', 2),
)
_DECIMALS = {metric.key: metric.decimals for metric in METRICS}


def shown(value: float, key: str = '') -> str:
    """A value as text: with its metric's decimals, else with five significant digits."""
    decimals = _DECIMALS.get(key)
    return f'{value:.5g}' if decimals is None else f'{value:.{decimals}f}'
