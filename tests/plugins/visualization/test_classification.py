import numpy as np
import pytest

from plugins.visualization.classification import draw_topk


@pytest.mark.parametrize('shape', [(8, 8), (1000, 40), (40, 1000), (333, 501)])
def test_any_picture_fits_and_its_size_is_even(shape):
    image = np.full((*shape, 3), (90, 40, 7), np.uint8)
    names = [f'a very long name of a class {k}' * 3 for k in range(10)]
    picture = draw_topk(image, names, [.1] * 10)
    assert picture.shape[0] % 2 == 0 and picture.shape[1] % 2 == 0
    shown = (picture == (90, 40, 7)).all(axis=2)
    high, wide = shown.any(axis=1).sum(), shown.any(axis=0).sum()
    assert wide / high == pytest.approx(shape[1] / shape[0], rel=0.1)
    assert (picture[:, -1] == 255).all()  # no text is cut at the edge
