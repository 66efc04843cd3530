"""Anchors for boxes whose sizes are known."""
import random

import pytest
from mmengine.registry import TASK_UTILS

import plugins.detection  # noqa: F401  (registers YOLOAnchorGenerator)
from plugins.detection.anchors import fit, quality, to_levels


def test_the_seed_decides():
    rng = random.Random(0)
    sizes = [(rng.uniform(5, 200), rng.uniform(5, 90)) for _ in range(200)]
    assert fit(sizes, 9, seed=1, restarts=2) == fit(sizes, 9, seed=1, restarts=2)
    assert fit(sizes, 9, seed=1, restarts=2) != fit(sizes, 9, seed=2, restarts=2)
    best = [quality(sizes, fit(sizes, 9, seed=1, restarts=n)).mean_iou for n in (1, 5, 10)]
    assert best == sorted(best) and best[0] < best[-1]
    areas = [width * height for width, height in fit(sizes, 9)]
    assert areas == sorted(areas)


def test_no_anchor_is_empty_where_most_boxes_are_alike():
    sizes = [(40, 30)] * 500 + [(size, 20) for size in range(50, 130, 10)]
    anchors = fit(sizes, 9, restarts=1)
    assert quality(sizes, anchors).mean_iou == pytest.approx(1)
    assert sorted(anchors) == sorted(set(sizes))


def test_quality_by_hand():
    # 20 x 10 with 10 x 10: 100 / 200; with 20 x 20: 200 / 400. 5 x 10 with 10 x 10: 50 / 100.
    # 10 x 8 with 10 x 10: 80 / 100. An IoU of exactly 0.5 is not above 0.5.
    fitted = quality([(20, 10), (5, 10), (10, 8)], [(10, 10), (20, 20)])
    assert fitted == (pytest.approx((0.5 + 0.5 + 0.8) / 3), pytest.approx(1 / 3))


def test_levels_follow_the_strides():
    anchors = [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert to_levels(anchors, [8, 16]) == [anchors[:2], anchors[2:]]
    assert to_levels(anchors, [(16, 16), (8, 8)]) == [anchors[2:], anchors[:2]]


FLAT = [[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198],
        [373, 326]]
GOOD = [FLAT[6:], FLAT[3:6], FLAT[:3]]


def built(sizes, strides=(32, 16, 8)):
    return TASK_UTILS.build(dict(type='YOLOAnchorGenerator', base_sizes=sizes, strides=strides))


@pytest.mark.parametrize('sizes, strides', [
    (GOOD, (32, 16, 8)), (GOOD[::-1], (8, 16, 32)), ([[(9.5, 8)]], [(16, 16)])])
def test_anchors_of_each_stride(sizes, strides):
    sides = [[(x2 - x1, y2 - y1) for x1, y1, x2, y2 in level.tolist()]
             for level in built(sizes, strides).base_anchors]
    assert sides == [[tuple(size) for size in level] for level in sizes]


@pytest.mark.parametrize('sizes', [
    FLAT,  # as mmdet's optimize_anchors.py prints them
    FLAT[:3],  # upstream: two square anchors on each level
    GOOD[:2], [*GOOD, FLAT[:3]], [GOOD[0], GOOD[1], FLAT[:2]],
    GOOD[::-1],  # the smallest ones on the coarsest level
    [[(width / 416, height / 416) for width, height in level] for level in GOOD],
    [*GOOD[:2], [(0, 13), (16, 30), (33, 23)]], [*GOOD[:2], [(10, 13), (-16, 30), (33, 23)]],
    [*GOOD[:2], [(10, 13), (16, float('nan')), (33, 23)]], [*GOOD[:2], [(10, 13), (16,), (33, 23)]],
    [[(10, 13, 5)] * 3] * 3, [], [[], [], []], 'abc', None, 5], ids=str)
def test_what_are_no_anchors(sizes):
    with pytest.raises(ValueError, match='anchor_generator.base_sizes: found .*, expected a list'):
        built(sizes)


@pytest.mark.parametrize('strides', [(32, 16), (32, 0, 8), (), 8, 'abc'])
def test_strides_without_anchors(strides):
    with pytest.raises(ValueError, match='anchor_generator.base_sizes'):
        built(GOOD, strides)
