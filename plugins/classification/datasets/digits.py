"""scikit-learn's handwritten digits: real images that need no download."""
import numpy as np

from plugins.classification.datasets.source import SOURCES, Source
from plugins.classification.datasets.splits import stratified_split
from plugins.engine import checks


@SOURCES.register_module(name='digits')
class Digits(Source):
    """The 1 797 digits of 8 x 8 pixels that come with scikit-learn; 10 classes.

    Grey 0 to 16 becomes 0 to 255 in three equal channels. There is no official
    test split, so a stratified one is drawn at random.

    Args:
        split: 'train' or 'test'.
        test_fraction: Share of each class in 'test'.
        seed: Seed of that split.

    Raises:
        ValueError: Unknown split.
    """

    size = (8, 8)

    def __init__(self, split: str, test_fraction: float = 0.2, seed: int = 0) -> None:
        self.split = checks.one_of('', 'split', split, ('train', 'test'))
        self.test_fraction = test_fraction
        self.seed = seed

    def _rows(self) -> tuple[object, np.ndarray]:
        from sklearn.datasets import load_digits  # takes 1.3 s
        data = load_digits()
        return data, stratified_split(data.target, self.test_fraction, self.seed,
                                      key='test_fraction')[self.split == 'test']

    def listing(self) -> tuple[list[str], np.ndarray, list[str]]:
        data, rows = self._rows()
        return ([f'digits: image {row}' for row in rows], data.target[rows],
                [str(name) for name in data.target_names])

    def decode(self) -> np.ndarray:
        data, rows = self._rows()
        grey = np.rint(data.images[rows] * (255 / 16)).astype(np.uint8)
        return np.repeat(grey[:, None], 3, axis=1)
