"""Load images, and keep them decoded in memory."""
import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.logging import print_log

from plugins.engine.images import read_image


@TRANSFORMS.register_module()
class LoadCachedImage(BaseTransform):
    """Load an image, and keep it decoded in RAM within a budget.

    LoadImageFromFile decodes again in every epoch, and accepts truncated files.

    Every data loader worker keeps its own images, so the budget is per process;
    workers must be persistent, or images are lost after each epoch.

    Required keys: img_path. Added keys: img (H x W x 3, uint8, BGR as mmdet
    expects), img_shape and ori_shape (H, W).

    Args:
        budget_mb: Maximum size of the kept images in megabytes (1e6 bytes), per
            process. A KITTI image takes 1.4 MB. 0 keeps none.

    Raises:
        ValueError: The file is missing or cannot be decoded, see
            :func:`plugins.engine.images.read_image`.
    """

    def __init__(self, budget_mb: float = 1000) -> None:
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
        results['img'] = image.copy()  # later transforms may write into it
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
