"""Write detections as files for KITTI's tools."""
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import METRICS
from mmengine.evaluator import BaseMetric

from plugins.detection.kitti_label import TYPES
from plugins.engine.files import write_texts

from .image_result import ImageResult, image_result


@METRICS.register_module()
class KittiResultFiles(BaseMetric):
    """Write one result file per image in KITTI's format; it has no metrics.

    A line has 16 fields: type, truncation, occlusion, alpha, box, dimensions,
    location, rotation, score. Fields that a 2D detector lacks have the values
    from KITTI's readme (-1, -1, -10, -1 three times, -1000 three times, -10),
    which make the official program evaluate only boxes. An image without
    detections gets an empty file, which that program requires.

    Args:
        out_dir: Folder of the files ``<image name>.txt``; created if missing.

    Raises:
        ValueError: A class of the data set is not a KITTI type (from ``process``).
    """

    default_prefix = ''

    def __init__(self, out_dir: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.out_dir = Path(out_dir)

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect the boxes of one batch, one item per image."""
        self._types()
        self.results.extend(image_result(sample, 'KittiResultFiles') for sample in data_samples)

    def compute_metrics(self, results: list[ImageResult]) -> dict:
        """Write the files; called only in the main process."""
        types = self._types()
        write_texts({self.out_dir / f'{result.name}.txt': ''.join(
            f'{types[label]} -1 -1 -10 {" ".join(f"{value:.4f}" for value in box)} -1 -1 -1 -1000 '
            f'-1000 -1000 -10 {score:.6f}\n' for label, box, score in zip(
                result.labels, result.boxes, result.scores, strict=True)) for result in results})
        return {}

    def _types(self) -> list[str]:
        kinds = {kind.lower(): kind for kind in TYPES}
        classes = self.dataset_meta['classes']
        unknown = [name for name in classes if name.lower() not in kinds]
        if unknown:
            raise ValueError(f'KittiResultFiles: found the classes {unknown}, expected KITTI types '
                             f'in any case: {", ".join(TYPES)}. Rename them in class_map.')
        return [kinds[name.lower()] for name in classes]
