import numpy as np
import pytest

from plugins.visualization.features import (
    Tile,
    draw_cam,
    draw_grid,
    filter_tiles,
    flatness,
    map_tiles,
    overlay,
)


def maps():
    """A ramp, a dead map, a constant one, rounding noise around 2, noise around 0."""
    noise = np.random.default_rng(0).normal(0, 1e-6, (4, 6))
    ramp = np.linspace(-1, 3, 24).reshape(4, 6)
    return np.stack([ramp, np.zeros((4, 6)), np.full((4, 6), 2.), 2 + noise, noise])


def test_flat_maps_are_told_from_others():
    assert [flatness(one, 3) for one in maps()] == ['', 'dead', 'constant', 'constant', 'dead']
    assert flatness(np.array([0, 0.004]), 3) == ''  # above a thousandth of 3
    assert flatness(np.zeros(4), 0) == 'dead'  # a layer that is dead as a whole


def test_flat_maps_are_drawn_flat_and_others_over_the_whole_range():
    tiles = map_tiles(maps(), range(5))
    ramp = tiles[0].picture.astype(int)
    assert tuple(ramp[0, 0]) == (68, 1, 84) and tuple(ramp[-1, -1]) == (253, 231, 37)  # viridis
    for tile in tiles[1:]:
        assert (tile.picture == 205).all()
    assert [tile.caption for tile in tiles] == [
        '0: −1 … 3', '1: dead', '2: constant 2', '3: constant 2', '4: dead']
    assert [tile.caption for tile in map_tiles(maps(), [4, 0])] == ['4: dead', '0: −1 … 3']


def test_filters_are_colours_around_grey():
    weights = np.zeros((3, 3, 2, 2))
    weights[0, 0, 0, 0], weights[0, 2, 1, 1] = .5, -.25  # red up, blue half as much down
    weights[2] = 1e-5
    tiles = filter_tiles(weights, range(3))
    assert tuple(tiles[0].picture[0, 0]) == (255, 128, 128)
    assert tuple(tiles[0].picture[1, 1]) == (128, 128, 64)
    assert tuple(tiles[0].picture[0, 1]) == (128, 128, 128)
    assert [tile.caption for tile in tiles] == ['0: ±0.5', '1: dead', '2: dead']
    assert (tiles[2].picture == 128).all()
    grey = filter_tiles(weights[:, :1], [0])[0].picture
    assert (grey == grey[..., :1]).all() and grey[0, 0, 0] == 255


def test_a_grid_has_all_tiles_in_rows():
    tiles = [Tile(np.full((5, 5, 3), 10 * k, np.uint8), str(k)) for k in range(7)]
    page = draw_grid(tiles, 'a title ' * 30, ['a note'], side=120, columns=3)
    assert page.dtype == np.uint8 and page.shape[1] == 2 * 14 + 3 * 126 - 6
    for k in range(7):  # each colour fills a tile
        assert (page == 10 * k).all(axis=2).sum() >= 120 * 120
    rows = [np.argwhere((page == 10 * k).all(axis=2))[:, 0].mean() for k in (1, 4, 6)]
    assert rows == sorted(rows) and rows[1] - rows[0] == pytest.approx(141, abs=2)
    one = draw_grid(tiles[:1], 't', [], side=20)
    assert one.shape[0] < 120


def test_an_overlay_is_grey_where_nothing_speaks_for_the_class():
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200
    share = np.zeros((4, 4))
    share[0, 0], share[3, 3] = 1, .25
    drawn = overlay(image, share).astype(int)
    assert (drawn[1, 1] == drawn[1, 1, 0]).all() and drawn[1, 1, 0] == 60  # 0.299 * 200
    assert drawn[0, 0, :2].min() > 180 and drawn[0, 0].sum() > drawn[3, 3].sum()
    # inferno's end is (252, 255, 164)
    assert drawn[0, 0] == pytest.approx(.25 * 60 + .75 * np.array([252, 255, 164]), abs=1)
    page = draw_cam(image, drawn.astype(np.uint8), 'a class', ['a', 'b'], side=100)
    assert page.shape[1] == 3 * 14 + 200
