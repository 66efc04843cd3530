"""Row A15's figures on a batch small enough to compute every one by hand.

Two images of 64 x 64, two classes; scale 1 has 2 x 2 cells with an anchor of 32 x 32, scale 2 has
4 x 4 with one of 16 x 16. Each scale learns each box (EachScaleAssigner):

box A, image 1, class 0: 0, 0, 32, 32, in cell (0, 0) of scale 1 and (1, 1) of scale 2
box B, image 1, class 1: 40, 40, 56, 56, in cells (1, 1) and (3, 3)
box C, image 2, class 1: the same
"""
import math
from math import log, nan

import pytest
import torch

from plugins.detection.yolov3_statistics import ROWS, format_table
from tests.plugins.detection.yolov3_cases import EACH_SCALE, REPORT_LOSSES, build_head, instances

BOXES = [instances([[0, 0, 32, 32], [40, 40, 56, 56]], [0, 1]), instances([[40, 40, 56, 56]], [1])]


def logit(probability: float) -> float:
    """The raw prediction whose sigmoid it is."""
    return log(probability / (1 - probability))


QUARTER, THREE_QUARTERS, TENTH = map(logit, (0.25, 0.75, 0.1))


def softplus(logit: float) -> float:
    """-log(sigmoid(-logit)): the BCE of a logit whose target is 0, of -logit if it is 1."""
    return log(1 + math.exp(logit))


def predictions() -> list[torch.Tensor]:
    """Raw maps (2, 7, H, W): the anchor itself, confidence 0.1, unless said otherwise."""
    coarse, fine = torch.zeros(2, 7, 2, 2), torch.zeros(2, 7, 4, 4)
    for pred in (coarse, fine):
        pred[:, 4] = TENTH
    # 10 pixels too low, 0.3125 of a cell, IoU 22 / 42 = 0.52
    coarse[0, :, 0, 0] = torch.tensor([0, logit(0.8125), 0, 0, THREE_QUARTERS, 2, -2])
    coarse[0, :, 1, 1] = torch.tensor([0, 0, -log(2), -log(2), THREE_QUARTERS, -1, 1])  # IoU 1
    coarse[1, :, 1, 1] = torch.tensor([0, 0, -log(2), -log(2), QUARTER, -1, 1])  # not confident
    coarse[0, 4, 0, 1] = THREE_QUARTERS  # where nothing is
    # 1.6 pixels off in x and y, IoU 0.82, but the wrong class
    fine[0, :, 1, 1] = torch.tensor([TENTH, TENTH, log(2), log(2), THREE_QUARTERS, -1, 1])
    # 1.2 pixels off, IoU 14.8 ** 2 / (512 - 14.8 ** 2) = 0.748
    fine[0, :, 3, 3] = torch.tensor([logit(0.075), logit(0.075), 0, 0, THREE_QUARTERS, -2, 2])
    fine[1, :, 3, 3] = torch.tensor([0, 0, 0, 0, QUARTER, -2, 2])  # half a cell off
    return [coarse, fine]


def statistics(maps=None, truth=BOXES, ignored=None, **options):
    head = build_head(**{**dict(
        assigner=EACH_SCALE, classes=2, sizes=[[(32, 32)], [(16, 16)]], strides=(32, 16),
        ignore_iof_thr=0.5, **REPORT_LOSSES), **options})
    head.statistics_wanted = True
    losses = head.loss_by_feat(maps or predictions(), truth, [{}] * 2, ignored)
    return head.statistics, losses


EXPECTED = {  # row: scale 1, scale 2
    'x': [0, (0.1 ** 2 + 0.075 ** 2 + 0.5 ** 2) / 3],
    'y': [0.3125 ** 2 / 3, (0.1 ** 2 + 0.075 ** 2 + 0.5 ** 2) / 3],
    'w': [0, 0],
    'h': [0, 0],
    'conf': [(-2 * log(0.75) - log(0.25)) / 3 + 100 * (-log(0.25) - 4 * log(0.9)) / 5,
             (-2 * log(0.75) - log(0.25)) / 3 + 100 * -log(0.9)],
    'cls': [(2 * softplus(-2) + 4 * softplus(-1)) / 6, (2 * softplus(1) + 4 * softplus(-2)) / 6],
    'cls_acc': [100, 200 / 3],
    'recall50': [2 / 3, 1 / 3],
    'recall75': [1 / 3, 0],
    'precision': [2 / 3, 1 / 2],
    'conf_obj': [1.75 / 3, 1.75 / 3],
    'conf_noobj': [(0.75 + 4 * 0.1) / 5, 0.1],
}


def test_every_row_is_what_a_hand_computes():
    found, losses = statistics()
    rows = found.rows()
    assert tuple(rows) == ROWS and found.sizes == ((2, 2), (4, 4))
    for name, values in EXPECTED.items():
        assert rows[name] == pytest.approx(values, abs=2e-6, rel=2e-6), name
    assert rows['loss'] == pytest.approx(
        [sum(EXPECTED[name][scale] for name in ('x', 'y', 'w', 'h', 'conf', 'cls'))
         for scale in (0, 1)])
    assert sum(rows['loss']) == pytest.approx(sum(losses.values()).item())


def test_sums_add_up_to_upstreams_losses():
    weighted = dict(loss_weight=2., reduction='sum')
    bce = dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='sum')
    found, losses = statistics(
        loss_cls=bce, loss_conf=bce, noobj_weight=1., loss_xy=dict(type='MSELoss', **weighted),
        loss_wh=dict(type='MSELoss', **weighted))
    rows = found.rows()
    assert rows['x'] == pytest.approx([0, 2 * 0.265625], abs=1e-5)  # the coder's eps of 1e-6
    assert rows['conf'][1] == pytest.approx(-2 * log(0.75) - log(0.25) - 29 * log(0.9))
    for name, parts in dict(xy='xy', wh='wh', conf=['conf'], cls=['cls']).items():
        assert sum(sum(rows[part]) for part in parts) == pytest.approx(
            losses[f'loss_{name}'].item(), abs=1e-5)


def test_ignored_boxes_take_cells_out_of_precision_and_background():
    # covers the anchors right of box A: the confident one of scale 1, four of scale 2
    found, losses = statistics(ignored=[instances([[30, 0, 64, 36]]), None])
    rows = found.rows()
    assert rows['precision'] == pytest.approx([1, 1 / 2])
    assert rows['conf_noobj'] == pytest.approx([0.1, 0.1])
    assert rows['recall50'] == pytest.approx(EXPECTED['recall50'])
    assert sum(rows['loss']) == pytest.approx(sum(losses.values()).item())


def test_an_object_in_an_ignored_box_still_counts():
    everything = instances([[0, 0, 64, 64]])
    rows = statistics(ignored=[everything, everything])[0].rows()
    assert rows['precision'] == pytest.approx([1, 1 / 2]), 'A has the wrong class'
    assert rows['conf_obj'] == pytest.approx(EXPECTED['conf_obj'])
    assert all(math.isnan(value) for value in rows['conf_noobj'])


def test_shares_of_nothing_are_undefined():
    rows = statistics([torch.full((2, 7, size, size), -5.) for size in (2, 4)],
                      [instances([])] * 2)[0].rows()
    for name in ('cls_acc', 'recall50', 'recall75', 'precision', 'conf_obj'):
        assert all(math.isnan(value) for value in rows[name]), name
    for name in ('x', 'y', 'w', 'h', 'cls'):
        assert rows[name] == [0, 0], name
    assert rows['conf_noobj'] == pytest.approx([1 / (1 + math.exp(5))] * 2)


def test_statistics_are_computed_on_request_alone():
    head = build_head(classes=2, sizes=[[(32, 32)], [(16, 16)]], strides=(32, 16))
    head.loss_by_feat(predictions(), BOXES, [{}] * 2)
    assert head.statistics is None
    head.statistics_wanted = True
    head.loss_by_feat(predictions(), BOXES, [{}] * 2)
    first = head.statistics
    head.loss_by_feat(predictions(), BOXES, [{}] * 2)
    assert head.statistics is first and not head.statistics_wanted
    assert not first.values.requires_grad


def test_the_table_has_row_a15s_rows_and_a_column_a_layer():
    rows = {name: [1 / 3, 20.] for name in ROWS}
    rows['cls_acc'] = [100., nan]
    lines = format_table(((13, 13), (6, 20)), rows).splitlines()
    assert [line.split()[0] for line in lines] == ['metrics', 'grid_size', *ROWS, 'total']
    assert lines[0] == 'metrics       YOLO layer 1  YOLO layer 2'
    assert lines[1] == 'grid_size               13          20x6', 'width x height'
    assert lines[2] == 'loss              0.333333     20.000000'
    assert lines[9] == 'cls_acc            100.00%             -'
    assert lines[-1] == 'total loss 20.333333'
