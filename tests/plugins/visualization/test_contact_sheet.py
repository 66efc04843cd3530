import numpy as np
import pytest
import torch
from mmpretrain.models.utils import ClsDataPreprocessor

from plugins.classification.data_preprocessor import BatchDataPreprocessor
from plugins.visualization.contact_sheet import (
    LINES,
    Group,
    Label,
    as_displayed,
    draw_scenes,
    draw_sheet,
)


@pytest.mark.parametrize('to_bgr', [False, True])
def test_what_our_preprocessor_does_is_undone(to_bgr):
    images = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8)
    preprocessor = BatchDataPreprocessor(mean=[10, 120, 200], std=[20, 60, 90], to_bgr=to_bgr)
    shown = as_displayed(preprocessor({'inputs': images})['inputs'], preprocessor)
    assert (shown == images.permute(0, 2, 3, 1).numpy()).all()


@pytest.mark.parametrize('to_rgb, norm', [(True, True), (False, True), (True, False)])
def test_what_mmpretrain_s_preprocessor_does_is_undone(to_rgb, norm):
    images = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8)  # its pipelines give B, G, R
    given = dict(mean=[10, 120, 200], std=[20, 60, 90]) if norm else {}
    preprocessor = ClsDataPreprocessor(**given, to_rgb=to_rgb)
    shown = as_displayed(preprocessor({'inputs': images})['inputs'], preprocessor)
    assert (shown == images.flip(1).permute(0, 2, 3, 1).numpy()).all()


def test_colours_out_of_range_are_clipped():
    preprocessor = BatchDataPreprocessor(mean=[100] * 3, std=[100] * 3)
    inputs = torch.tensor([-2., 2.]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    assert as_displayed(inputs, preprocessor).tolist() == [[[[0] * 3, [255] * 3]]]


def test_a_sheet_has_a_line_for_each_image_and_shortens_long_names():
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


def test_scenes_have_a_line_for_each_difficulty_and_what_is_ignored():
    image = np.full((100, 300, 3), 120, np.uint8)
    labels = [Label((10 + 70 * k, 40, 60 + 70 * k, 90), 'car', False, name)
              for k, name in enumerate(('easy', 'moderate', 'hard', 'none'))]
    page = draw_scenes([('one', image, labels)], least_width=1200)
    assert page.shape[1] == 1200 and page.shape[0] > 400
    for name in ('easy', 'moderate', 'hard', 'none'):
        assert (page == LINES[name].colour).all(axis=2).sum() > 400
    with_van = draw_scenes([('one', image, [Label((10, 40, 60, 90), 'Van', True, None)])],
                           least_width=1200)
    assert not any((with_van == LINES[name].colour).all(axis=2).any() for name in ('easy', 'hard'))
    # slanted lines over most of the box's middle, nothing beside it
    assert (with_van[-140:-60, 80:200] == 120).all(axis=2).mean() < .5
    assert (with_van[-140:-60, 300:] == 120).all()


def test_pictures_of_several_widths_are_centred():
    wide, narrow = (np.full((50, width, 3), 9, np.uint8) for width in (400, 100))
    page = draw_scenes([('a', wide, []), ('b', narrow, [])], least_width=60)
    assert page.shape[1] == 400
    row = page[-25]
    assert (row[150:250] == 9).all() and (row[:149] == 255).all() and (row[251:] == 255).all()
