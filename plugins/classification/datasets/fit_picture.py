"""The step of a pipeline that brings a picture to the size at which a source stores its images."""
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from plugins.classification.datasets.source import RESIZE, fitted
from plugins.engine import checks
from plugins.engine.lean_import import without

with without('mmdet'):
    from mmpretrain.registry import TRANSFORMS


@TRANSFORMS.register_module()
class FitPicture(BaseTransform):
    """Do to a picture what a source does, see :attr:`Source.pipeline`.

    Changed keys: img (from H x W x 3, uint8, BGR as loaded, to height x width x 3, RGB as stored),
    img_shape (height, width).

    Args:
        size: (height, width) of the source's images, or one int for a square.
        resize: How the source resizes, see :func:`fitted`.
    """

    def __init__(self, size: int | tuple[int, int], resize: str = RESIZE[0]) -> None:
        self.size = checks.size(self, 'size', size)
        self.resize = checks.one_of(self, 'resize', resize, RESIZE)

    def transform(self, results: dict) -> dict:
        """Resize the picture."""
        stored = fitted(Image.fromarray(results['img']), *self.size, self.resize)[::-1]
        results['img'] = np.ascontiguousarray(stored.transpose(1, 2, 0))
        results['img_shape'] = self.size
        return results
