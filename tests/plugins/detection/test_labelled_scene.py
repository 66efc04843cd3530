import copy

import numpy as np
import pytest
from mmengine.registry import DefaultScope

from plugins.detection.labelled_scene import Scenes, difficulty
from plugins.engine.session import load_config
from tests.plugins.apis.cases import DETECTOR

LOAD = [dict(type='LoadCachedImage'), dict(type='LoadAnnotations', with_bbox=True),
        dict(type='Resize', scale=(155, 60), keep_ratio=True)]
PACK = dict(type='PackDetInputs')


def scenes(root, pipeline, outer=None, **more):
    load_config(DETECTOR)  # imports what it names
    data = dict(type='KittiDataset', data_root=str(root), pipeline=pipeline, **more)
    if outer:
        data = dict(type='MultiImageMixDataset', dataset=data, pipeline=outer)
    with DefaultScope.overwrite_default_scope('mmdet'):
        return Scenes(copy.deepcopy(data))


@pytest.mark.parametrize('height, occluded, truncated, expected', [
    (41, 0, .15, 'easy'), (40, 0, 0, 'moderate'), (41, 1, 0, 'moderate'), (41, 0, .16, 'moderate'),
    (26, 2, 0, 'hard'), (26, 1, .31, 'hard'), (25, 0, 0, 'none'), (99, 3, 0, 'none'),
    (99, 0, .51, 'none')])
def test_difficulties_are_those_of_kitti_s_table(height, occluded, truncated, expected):
    # https://www.cvlibs.net/datasets/kitti/eval_object.php; a height must be above its limit
    instance = dict(bbox=[5, 10, 9, 10 + height], occluded=occluded, truncated=truncated)
    assert difficulty(instance) == expected
    assert difficulty(dict(bbox=instance['bbox'])) is None
    cut = dict(instance, bbox=[5, 10, 9, 11], label_bbox=instance['bbox'])  # at the lower border
    assert difficulty(cut) == expected


def test_a_flipped_and_scaled_image_keeps_its_boxes(roads):
    flipped = scenes(roads, [*LOAD, dict(type='RandomFlip', prob=1.), PACK])
    seen = 0
    for row in range(len(flipped)):
        image, labels = flipped.stored(row)
        smaller, moved = flipped.prepared(row)
        assert image.shape[1] == 310 and smaller.shape[1] == 155
        # ours: the ignored ones come last
        for old, new in zip(sorted(labels, key=lambda one: one.ignored), moved, strict=True):
            assert (new.name, new.ignored) == ('' if old.ignored else old.name, old.ignored)
            x1, y1, x2, y2 = old.box
            assert new.box == pytest.approx((155 - x2 / 2, y1 / 2, 155 - x1 / 2, y2 / 2), abs=.6)
            seen += 1
        # R, G, B as in the file, but for the scaling
        assert smaller[:, ::-1].mean((0, 1)) == pytest.approx(image.mean((0, 1)), abs=4)
        assert {one.name for one in labels if not one.ignored} <= {'car'}
        assert {one.name for one in labels if one.ignored} <= {'Van', 'DontCare'}
        assert all((one.difficulty is None) == one.ignored for one in labels)
    assert seen > 8
    with pytest.raises(ValueError, match=r"KittiDataset .*'LoadCachedImage'.*expected LoadAnnot"):
        scenes(roads, [LOAD[0], PACK])


def test_a_mixture_has_the_labels_of_both_images(roads):
    mixed = scenes(roads, LOAD, [dict(type='MixUp', img_scale=(155, 60), ratio_range=(1., 1.),
                                      flip_ratio=0, pad_val=0), PACK])
    stored = [len(mixed.stored(row)[1]) for row in range(len(mixed))]
    np.random.seed(0)
    numbers = [len(mixed.prepared(row)[1]) for row in range(len(mixed))]
    assert all(number - own in {0, *stored} for number, own in zip(numbers, stored, strict=True))
    assert sum(numbers) > 1.5 * sum(stored)


def test_a_test_pipeline_s_boxes_are_brought_to_its_image(roads):
    tested = scenes(roads, [LOAD[0], LOAD[2], LOAD[1], PACK], test_mode=True)
    labels, moved = tested.stored(0)[1], tested.prepared(0)[1]
    for old, new in zip(sorted(labels, key=lambda one: one.ignored), moved, strict=True):
        assert new.box == pytest.approx(np.divide(old.box, 2), abs=.6)
