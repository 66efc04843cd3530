import numpy as np

from plugins.detection.labelled_scene import Label
from plugins.visualization.scenes import COLOURS, draw_scenes


def test_scenes_have_a_line_for_each_difficulty_and_what_is_ignored():
    image = np.full((100, 300, 3), 120, np.uint8)
    labels = [Label((10 + 70 * k, 40, 60 + 70 * k, 90), 'car', False, name)
              for k, name in enumerate(('easy', 'moderate', 'hard', 'none'))]
    page = draw_scenes([('one', image, labels)])
    assert page.shape[1] == 1240 and page.shape[0] > 400
    for name in ('easy', 'moderate', 'hard', 'none'):
        assert (page == COLOURS[name]).all(axis=2).sum() > 400
    with_van = draw_scenes([('one', image, [Label((10, 40, 60, 90), 'Van', True, None)])])
    assert not any((with_van == COLOURS[name]).all(axis=2).any() for name in ('easy', 'hard'))
    # slanted lines over most of the box's middle, nothing beside it
    assert (with_van[-140:-60, 80:200] == 120).all(axis=2).mean() < .5
    assert (with_van[-140:-60, 300:] == 120).all()
