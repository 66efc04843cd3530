"""Shapes and textures that make a class."""
import numpy as np
import pytest

from tools.misc.drawing.emblems import SHAPES, TEXTURES, draw_emblem


def test_ten_shapes_within_the_unit_circle():
    assert len(SHAPES) == 10 and len(TEXTURES) == 5
    for name, outline in SHAPES.items():
        assert np.abs(outline).max() <= 1.31, name


@pytest.mark.parametrize('several', [False, True])
def test_picture_format(several):
    picture = draw_emblem(np.random.default_rng(0), 'star', 'dots', several)
    assert picture.shape == (32, 32, 3) and picture.dtype == np.uint8
    assert picture.std() > 10


def test_classes_differ_in_more_than_noise():
    """Same random numbers: only what makes the class changes."""
    def draw(shape='square', texture='plain', several=False):
        return draw_emblem(np.random.default_rng(5), shape, texture, several).astype(int)

    for other in (draw(shape='cross'), draw(texture='stripes'), draw(several=True)):
        assert (np.abs(other - draw()) > 60).any(axis=2).mean() > .04
