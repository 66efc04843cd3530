"""Anchors for boxes whose sizes are known."""
import random

import pytest

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
