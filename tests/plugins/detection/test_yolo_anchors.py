"""Anchors as people have written them."""
import pytest
from mmengine.registry import TASK_UTILS

import plugins.detection  # noqa: F401  (registers YOLOAnchorGenerator)

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
