import pytest
import torch
from mmdet.registry import TASK_UTILS

from plugins.detection import yolov3_targets
from plugins.detection.yolov3_grid import Boxes
from plugins.detection.yolov3_targets import EachScaleAssigner, inside_ignored
from tests.plugins.detection.yolov3_cases import (
    EACH_SCALE,
    THRESHOLDS,
    build_head,
    instances,
    random_maps,
    random_truth,
)


def mmdets_targets(truth, maps):
    """Target map (B, A, 8) and background (B, A) by upstream's head."""
    head = build_head('YOLOV3Head', dict(type='GridAssigner', **THRESHOLDS))
    sizes = [m.shape[-2:] for m in maps]
    anchors = head.prior_generator.grid_priors(sizes, device='cpu')
    flags = [head.responsible_flags(sizes, item.bboxes, 'cpu') for item in truth]
    targets, background = head.get_targets([anchors] * len(truth), flags, truth)
    return torch.cat(targets, 1), torch.cat(background, 1).bool()


def our_target_map(head, truth, maps):
    grid, boxes = head._grid(maps), Boxes.of(truth)
    found = head.assigner.assign_batch(grid, boxes)
    result = torch.zeros(len(truth), len(grid.anchors), 8)
    for image, place in found.learns.nonzero().tolist():
        anchor, box = found.anchors[image, place], found.boxes[image, place]
        assert result[image, anchor, 4] == 0, 'an anchor learns once'
        result[image, anchor, :4] = head.bbox_coder.encode(
            grid.anchors[anchor][None], truth[image].bboxes[box][None],
            grid.anchor_strides[anchor])[0]
        result[image, anchor, 4] = 1
        result[image, anchor, 5 + truth[image].labels[box]] = 1
    return result, found


@pytest.mark.parametrize('overlaps', [1, 2_000, 2 ** 18])  # one box at a time, some, all
@pytest.mark.parametrize('seed, counts', [
    *((seed, (7, 0, 1, 12)) for seed in range(12)),
    (12, (130, 0, 1, 106)), (13, (5, 105, 0, 104))])  # more places than there are anchors, equal
def test_targets_are_mmdets(seed, counts, overlaps, monkeypatch):
    monkeypatch.setattr(yolov3_targets, '_OVERLAPS', overlaps)
    truth, maps = random_truth(seed, counts=counts), random_maps(seed)
    expected, background = mmdets_targets(truth, maps)
    found, assignment = our_target_map(build_head(), truth, maps)
    assert torch.equal(found, expected)
    assert torch.equal(assignment.objects, expected[..., 4].bool())
    assert torch.equal(assignment.background, background)
    objects = expected[..., 4].sum()
    assert objects >= 10 and (~background).sum() > objects


@pytest.mark.parametrize('assigner', [
    dict(type='BatchGridAssigner', **{**THRESHOLDS, 'pos_iou_thr': 0.6}), EACH_SCALE])
@pytest.mark.parametrize('height, background', [(16, True), (17, False)])
def test_an_iou_of_exactly_the_threshold_is_background(assigner, height, background):
    # The box is the first anchor of the only cell; the second covers a half of it, or more.
    head = build_head(assigner=assigner, sizes=[[(32, 32), (32, height)]], strides=(32,))
    found = head.assigner.assign_batch(head._grid([torch.zeros(1, 16, 1, 1)]),
                                       Boxes.of([instances([[0, 0, 32, 32]])]))
    assert found.objects.tolist() == [[True, False]]
    assert found.background.tolist() == [[False, background]]


def test_a_batch_without_boxes_is_background():
    head, maps = build_head(), random_maps(0, batch=2)
    for assigner in (head.assigner, EachScaleAssigner()):
        found = assigner.assign_batch(head._grid(maps), Boxes.of([instances([])] * 2))
        assert found.background.all() and not found.objects.any() and not found.learns.any()


def build_targets(boxes, shapes, stride, threshold):
    """PyTorch-YOLOv3's build_targets for one scale of one image, box by box.

    Returns:
        {(row, column, anchor): box} and the anchors that are not background.
    """
    learns, spared = {}, set()
    for number, (x1, y1, x2, y2) in enumerate(boxes):
        column, row = int((x1 + x2) / 2 // stride), int((y1 + y2) / 2 // stride)
        overlaps = []
        for width, height in shapes:
            common = min(width, x2 - x1) * min(height, y2 - y1)
            overlaps.append(common / (width * height + (x2 - x1) * (y2 - y1) - common))
        best = overlaps.index(max(overlaps))
        learns[row, column, best] = number
        spared |= {(row, column, best)} | {(row, column, k) for k, overlap in enumerate(overlaps)
                                           if overlap > threshold}
    return learns, spared


@pytest.mark.parametrize('seed', range(5))
def test_each_scale_assigner_is_report_as(seed):
    truth, maps = random_truth(seed), random_maps(seed)
    head = build_head(assigner=EACH_SCALE)
    grid = head._grid(maps)
    found = head.assigner.assign_batch(grid, Boxes.of(truth))
    chosen = {(image, found.anchors[image, place].item()): found.boxes[image, place].item()
              for image, place in found.learns.nonzero().tolist()}
    expected, spared, first = {}, set(), 0
    for (_, width), stride, shapes, count in zip(
            grid.sizes, (32, 16, 8), head.prior_generator.base_sizes, grid.counts, strict=True):
        for image, item in enumerate(truth):
            def anchor(place, image=image, first=first, width=width):
                row, column, k = place
                return image, first + (row * width + column) * 3 + k
            learns, near = build_targets(item.bboxes.tolist(), shapes, stride, 0.5)
            expected |= {anchor(place): box for place, box in learns.items()}
            spared |= {anchor(place) for place in near}
        first += count
    assert chosen == expected
    assert {tuple(pair) for pair in (~found.background).nonzero().tolist()} == spared
    assert {tuple(pair) for pair in found.objects.nonzero().tolist()} == set(expected)
    assert len(expected) < 3 * 20, 'some boxes wanted the same anchor'


def test_a_share_of_the_boxs_own_area_must_be_inside():
    # 10 x 10 boxes that a 100 x 5 region covers by a half, a bit more, wholly; and one around it
    boxes = torch.tensor([[[0., 0, 10, 10], [20, -1, 30, 9], [30, 0, 32, 5], [0, 0, 100, 40]]])
    region = torch.tensor([[0., 0, 100, 5]])
    nowhere = torch.zeros(0, 4)
    both = torch.cat([boxes, boxes])
    assert inside_ignored(both, [nowhere, region], 0.49).tolist() == [
        [False] * 4, [True, True, True, False]]
    assert inside_ignored(both, [region, nowhere], 0.5).tolist() == [
        [False, False, True, False], [False] * 4]
    # two regions do not add up: each covers a half
    halves = torch.tensor([[0., 0, 10, 5], [0, 5, 10, 10]])
    assert not inside_ignored(boxes[:, :1], [halves], 0.5).any()


def test_a_box_that_explodes_is_not_inside():
    boxes = torch.tensor([[[-float('inf'), 0, float('inf'), 5], [float('nan')] * 4]])
    assert not inside_ignored(boxes, [torch.tensor([[0., 0, 100, 5]])], 0.5).any()


@pytest.mark.parametrize('options', [dict(neg_iou_thr=(0.3, 0.5)), dict(gt_max_assign_all=False)])
def test_what_it_does_not_support_is_refused(options):
    with pytest.raises(ValueError, match='expected one threshold'):
        TASK_UTILS.build(dict(type='BatchGridAssigner', **{**THRESHOLDS, **options}))
