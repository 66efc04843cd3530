"""Load images, and keep them decoded in memory."""
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.logging import print_log
from mmengine.registry import TRANSFORMS

from .checks import refuse
from .images import read_image


@TRANSFORMS.register_module()
@TRANSFORMS.register_module(name='LoadImageFromFile', force=True)
class LoadCachedImage(LoadImageFromFile):
    """Load an image, and keep it decoded in RAM within a budget.

    mmcv's LoadImageFromFile decodes again in every epoch, accepts truncated files and clips 16
    bits to 8. This class takes its name, so that every pipeline reads the same pixels.

    Every data loader worker keeps its own images, so the budget is per process;
    workers must be persistent, or images are lost after each epoch.

    Required keys: img_path. Added keys: img (H x W x 3, uint8, BGR as mmdet
    expects), img_shape and ori_shape (H, W).

    Args:
        budget_mb: Maximum size of the kept images in megabytes (1e6 bytes), per
            process. A KITTI image takes 1.4 MB. 0 keeps none.
        to_float32: Whether img is float32.
        stock: mmcv's other arguments, which must have their defaults.

    Raises:
        ValueError: The file is missing or cannot be decoded, see
            :func:`plugins.engine.images.read_image`; or an argument asks for another reader.
    """

    def __init__(self, budget_mb: float = 1000, to_float32: bool = False, **stock: Any) -> None:
        super().__init__(to_float32, **stock)
        for key, usual in vars(LoadImageFromFile(to_float32)).items():
            if vars(self)[key] != usual:
                raise refuse(self, key, stock[key], f'{usual!r}, as there is one reader; remove it')
        self.budget_mb = budget_mb
        self._free = int(budget_mb * 1e6)
        self._full = False
        self._images: dict[str, np.ndarray] = {}

    def transform(self, results: dict) -> dict:
        """Add the image to results."""
        path = results['img_path']
        image = self._images.get(path)
        if image is None:
            image = np.ascontiguousarray(np.asarray(read_image(path))[..., ::-1])
            self._keep(path, image)
        results['img'] = image.astype(np.float32 if self.to_float32 else np.uint8)  # a copy
        results['img_shape'] = results['ori_shape'] = image.shape[:2]
        return results

    def _keep(self, path: str, image: np.ndarray) -> None:
        if image.nbytes <= self._free:
            self._images[path] = image
            self._free -= image.nbytes
        elif self.budget_mb and not self._full:
            self._full = True
            print_log(f'LoadCachedImage: {len(self._images)} decoded images fill the '
                      f'{self.budget_mb:g} MB per process; others are decoded when needed '
                      '(budget_mb sets the limit)', 'current')
