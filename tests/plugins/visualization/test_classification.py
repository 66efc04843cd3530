import numpy as np
import pytest

from plugins.visualization.classification import PANEL, draw_topk
from plugins.visualization.drawing import BLUE


def test_bars_are_as_long_as_their_shares():
    picture = draw_topk(np.zeros((50, 50, 3), np.uint8), ['a', 'b', 'c'], [0.5, 0.25, 0.0])
    lengths = (picture == BLUE).all(axis=2).sum(axis=1)
    assert sorted(set(lengths.tolist())) == [0, PANEL // 4, PANEL // 2]


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
