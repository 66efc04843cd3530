import numpy as np

from plugins.visualization.contact_sheet import Group, draw_sheet


def test_a_sheet_has_a_row_for_each_image_and_shortens_long_names():
    tile = np.full((3, 6, 3), (77, 0, 0), np.uint8)
    one = np.array([1, 0, 0], np.uint8)
    groups = [Group('a' * 200, '2 images', ((tile, tile + one), (tile + 2 * one, tile + 3 * one))),
              Group('b', '', ((tile + 4 * one, tile + 5 * one),))]
    page = draw_sheet('title', ['stored', 'seen'], groups, side=90)
    places = {}
    for k in range(6):
        found = np.argwhere((page == (77 + k, 0, 0)).all(axis=2))
        assert len(found) >= 45 * 90  # the longer side has 90 pixels
        places[k] = found[:, 0].min(), found[:, 1].min()
    assert places[0][0] == places[1][0] < places[2][0] == places[3][0] < places[4][0]
    assert places[0][1] == places[2][1] == places[4][1] < places[1][1]
    # the name stays in front of the tiles, and of the white between them
    names = page[places[0][0]:places[0][0] + 40, :places[0][1]]
    assert (names < 100).any() and (names[:, -8:] == 255).all()
