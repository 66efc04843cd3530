"""The NMS fallback against an NMS written out by hand."""
import importlib.util
import sys
from importlib.machinery import ModuleSpec

import numpy as np
import pytest
import torch

from plugins.engine import mmcv_ops


def box_iou(a: np.ndarray, b: np.ndarray, offset: int) -> float:
    inter = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]) + offset, 0, None).prod()
    union = (a[2:] - a[:2] + offset).prod() + (b[2:] - b[:2] + offset).prod() - inter
    return float(inter / union)


def greedy_nms(boxes, scores, labels, threshold: float, offset: int = 0) -> list[int]:
    """Kept indices, best score first; boxes of different labels do not meet."""
    kept: list[int] = []
    for i in np.argsort(-scores):
        rivals = [j for j in kept if labels[i] == labels[j]]
        if all(box_iou(boxes[i], boxes[j], offset) <= threshold for j in rivals):
            kept.append(int(i))
    return kept


def random_boxes(seed: int, count: int = 120):
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 100, (count, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(2, 60, (count, 2))], axis=1)
    scores = rng.permutation(count) / count  # no ties: their order is not defined
    return boxes, scores, rng.integers(0, 4, count)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('agnostic', [False, True])
def test_batched_nms_equals_greedy_nms(seed, agnostic):
    from mmcv.ops import batched_nms
    boxes, scores, labels = random_boxes(seed)
    expected = greedy_nms(boxes, scores, labels * (not agnostic), 0.4)
    dets, keep = batched_nms(
        torch.tensor(boxes), torch.tensor(scores), torch.tensor(labels),
        dict(type='nms', iou_threshold=0.4), class_agnostic=agnostic)
    assert keep.tolist() == expected
    assert 1 < len(expected) < len(boxes)
    np.testing.assert_allclose(dets[:, :4], boxes[expected])
    np.testing.assert_allclose(dets[:, 4], scores[expected])


@pytest.mark.parametrize('offset', [0, 1])
def test_offset(offset):
    from mmcv.ops import nms
    # IoU with offset 0: 1 * 2 / (4 + 4 - 2) = 1/3; with offset 1: 2 * 3 / (9 + 9 - 6) = 1/2
    boxes = torch.tensor([[0., 0, 2, 2], [1, 0, 3, 2]])
    _, keep = nms(boxes, torch.tensor([0.9, 0.8]), iou_threshold=0.4, offset=offset)
    assert keep.tolist() == ([0] if offset else [0, 1])
    boxes, scores, labels = random_boxes(7)
    _, keep = nms(torch.tensor(boxes), torch.tensor(scores), 0.3, offset=offset)
    assert keep.tolist() == greedy_nms(boxes, scores, labels * 0, 0.3, offset)


def test_no_boxes_and_bfloat16():
    from mmcv.ops import nms
    assert nms(torch.zeros(0, 4), torch.zeros(0), 0.5)[1].tolist() == []
    boxes = torch.tensor([[0, 0, 8, 8], [0, 0, 8, 8], [20, 20, 28, 28]], dtype=torch.bfloat16)
    scores = torch.tensor([0.5, 0.75, 0.25], dtype=torch.bfloat16)
    assert nms(boxes, scores, 0.5)[1].tolist() == [1, 2]


def test_compiled_operators_are_left_alone(tmp_path, monkeypatch):
    (tmp_path / '_ext.cpython-311-x86_64-linux-gnu.so').touch()
    spec = ModuleSpec('mmcv', loader=None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: spec)
    monkeypatch.delitem(sys.modules, 'mmcv._ext', raising=False)
    mmcv_ops.install_missing_ops()
    assert 'mmcv._ext' not in sys.modules
