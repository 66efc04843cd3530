import numpy as np

from plugins.visualization.features import draw_cam, draw_filters, draw_maps, flat_maps


def maps():
    """A ramp, a dead map, a constant one, rounding noise around 2, noise around 0."""
    noise = np.random.default_rng(0).normal(0, 1e-6, (4, 6))
    ramp = np.linspace(-1, 3, 24).reshape(4, 6)
    return np.stack([ramp, np.zeros((4, 6)), np.full((4, 6), 2.), 2 + noise, noise])


def tiles(figure):
    """Caption and values of each tile."""
    return [(axes.texts[0].get_text(), np.ma.getdata(axes.images[0].get_array()))
            for axes in figure.axes if axes.images]


def test_flat_maps_are_told_from_others():
    assert flat_maps(maps()).tolist() == [False, True, True, True, True]
    assert not flat_maps(np.array([[[0, 0.004]], [[3, 3]]]))[0]  # above a thousandth of 3
    assert flat_maps(np.zeros((1, 2, 2)))[0]  # a layer that is dead as a whole


def test_flat_maps_are_drawn_flat_and_others_over_the_whole_range():
    figure = draw_maps(maps(), 'a.layer', most=4)
    drawn = tiles(figure)
    assert [caption for caption, _ in drawn] == [
        '0: −1 … 3', '1: flat 0', '2: flat 2', '3: flat 2']
    assert (drawn[0][1].min(), drawn[0][1].max()) == (0, 1)
    assert all(np.isnan(values).all() for _, values in drawn[1:])
    title, notes = (text.get_text() for text in figure.texts)
    assert title == 'Feature maps of a.layer'
    assert notes.startswith('the first 4 of 5 maps of 4 x 6 (height x width); 4 are flat; all')


def test_filters_are_colours_around_grey():
    weights = np.zeros((3, 3, 2, 2))
    weights[0, 0, 0, 0], weights[0, 2, 1, 1] = .5, -.25  # red up, blue half as much down
    weights[2] = 1e-5
    figure = draw_filters(weights, 'conv')
    drawn = tiles(figure)
    assert [caption for caption, _ in drawn] == ['0: ±0.5', '1: flat 0', '2: flat 0']
    colours = drawn[0][1]
    assert colours[0, 0].tolist() == [1, .5, .5] and colours[1, 1].tolist() == [.5, .5, .25]
    assert (colours[0, 1] == .5).all()
    assert '3 filters of 2 x 2 (R, G, B); 2 are flat' in figure.texts[1].get_text()
    (_, grey), *_ = tiles(draw_filters(weights[:, :1], 'conv'))
    assert (grey == grey[..., :1]).all() and grey[0, 0, 0] == 1


def test_an_overlay_is_grey_where_nothing_speaks_for_the_class():
    image = np.zeros((4, 4, 3), np.uint8)
    image[..., 0] = 200
    share = np.zeros((4, 4))
    share[0, 0] = .25
    left, right = draw_cam(image, share, 'a class', ['a', 'b']).axes
    assert np.array_equal(left.images[0].get_array(), image)
    grey, heat = right.images
    assert (grey.get_array() == 60).all()  # 0.299 * 200
    assert np.array_equal(heat.get_array(), share)
    assert heat.get_alpha()[0, 0] == .375 and heat.get_alpha()[1:].max() == 0
