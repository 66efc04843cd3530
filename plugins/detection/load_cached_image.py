"""Decode each image once."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmcv.transforms import BaseTransform
from mmdet.registry import TRANSFORMS
from mmengine.logging import print_log
from PIL import ExifTags, Image, ImageOps


@TRANSFORMS.register_module()
class LoadCachedImage(BaseTransform):
    """Load an image, and keep it decoded in RAM while a budget lasts.

    What upstream lacks: LoadImageFromFile decodes anew in every epoch, and
    accepts a file that was cut off (OpenCV fills the rest with grey).

    Every data loader worker keeps images of its own, hence the budget is per
    process; workers must be persistent, or they forget them after an epoch.

    Required keys: img_path. Added keys: img (H x W x 3, uint8, BGR as mmdet
    expects), img_shape and ori_shape (H, W).

    Args:
        budget_mb: Keep images until they fill this many megabytes (1e6 bytes),
            per process. A KITTI image takes 1.4 MB. 0 keeps none.

    Raises:
        ValueError: The file is missing, unreadable or incomplete; names it.
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
            image = decode_image(path)
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

    def __repr__(self) -> str:
        return f'{type(self).__name__}(budget_mb={self.budget_mb})'


def decode_image(path: str | Path) -> np.ndarray:
    """Decode a whole image file to H x W x 3, uint8, BGR, upright as its EXIF tag says.

    Raises:
        ValueError: It is missing, unreadable or incomplete.
    """
    with open_image(path) as image:
        rgb = np.asarray(ImageOps.exif_transpose(image).convert('RGB'))
        return np.ascontiguousarray(rgb[..., ::-1])


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of what :func:`decode_image` gives, from the file's header alone.

    Raises:
        ValueError: It is missing or unreadable.
    """
    with open_image(path) as image:
        lying = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return image.size[::-1] if lying else image.size


@contextmanager
def open_image(path: str | Path) -> Iterator[Image.Image]:
    """Open an image file, its header at first; an error inside the block names the file.

    Raises:
        ValueError: The file is missing, or Pillow cannot read it.
    """
    try:
        with Image.open(path) as image:
            yield image
    except (OSError, SyntaxError, ValueError) as error:  # what Pillow raises on broken files
        raise ValueError(f'{path}: cannot read this image ({error}); copy the file anew, or take '
                         'it and its label file out of the data set') from error
