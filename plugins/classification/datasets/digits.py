"""scikit-learn's handwritten digits: real images that need no download."""
import numpy as np

from plugins.classification.datasets.image_array import SOURCES, ImageArray
from plugins.classification.datasets.splits import stratified_split


@SOURCES.register_module()
def digits(split: str, test_fraction: float = 0.2, seed: int = 0) -> ImageArray:
    """1 797 digits of 8 x 8 that scikit-learn carries; 10 classes.

    Upstream has no data set that works offline. Grey 0 to 16 becomes 0 to 255
    in three equal channels. The set has no official test part, so a seeded
    stratified one is split off.

    Args:
        split: 'train' or 'test'.
        test_fraction: Share of each class in 'test'.
        seed: Seed of that split.

    Raises:
        ValueError: Unknown split.
    """
    if split not in ('train', 'test'):
        raise ValueError(f"split={split!r}; expected 'train' or 'test'")
    from sklearn.datasets import load_digits  # 1.3 s that nobody else should wait for
    data = load_digits()
    rows = stratified_split(data.target, test_fraction, seed, key='test_fraction')[split == 'test']
    grey = np.rint(data.images[rows] * (255 / 16)).astype(np.uint8)
    images = np.repeat(grey[:, None], 3, axis=1)
    return ImageArray(images, data.target[rows], tuple(str(name) for name in data.target_names),
                      names=[f'digits: image {row}' for row in rows])
