import numpy as np
import pytest
from sklearn.datasets import load_digits

from plugins.classification.datasets import Digits


def test_the_parts_hold_every_digit_once():
    train, test = Digits('train'), Digits('test')
    assert (len(train), len(test)) == (1438, 359)  # 1797; per class 174..183 * 0.2, rounded
    assert train.classes == tuple('0123456789')
    data = load_digits()
    both = np.concatenate([train.images, test.images])
    assert both.shape == (1797, 3, 8, 8) and both.dtype == np.uint8
    assert (both[:, 0] == both[:, 1]).all() and (both[:, 0] == both[:, 2]).all()
    grey = np.rint(both[:, 0] / 255 * 16).reshape(1797, 64)
    key = np.lexsort(grey.T)
    expected = data.data[np.lexsort(data.data.T)]
    assert (grey[key] == expected).all() and both.max() == 255


def test_labels_belong_to_their_images():
    data, test = load_digits(), Digits('test', test_fraction=0.5, seed=4)
    known = {image.tobytes(): label for image, label in zip(data.images, data.target, strict=True)}
    for image, label in zip(test.images, test.labels, strict=True):
        assert known[np.rint(image[0] / 255 * 16).tobytes()] == label


def test_the_seed_chooses_the_test_part():
    assert Digits('test').fingerprint == Digits('test').fingerprint
    assert Digits('test').fingerprint != Digits('test', seed=1).fingerprint


def test_unknown_split():
    with pytest.raises(ValueError, match="split='val'"):
        Digits('val')
