"""Assign the boxes of a whole batch to YOLOv3's anchors at once.

Letters in shapes are those of yolov3_grid.py. Only the S = G*L*K places of an image's boxes (or all
anchors, if these are fewer) can be assigned a box, so boxes are compared with hundreds of anchors
instead of thousands. No shape depends on values, so nothing waits for the device.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet.models.task_modules.assigners import GridAssigner
from mmdet.registry import TASK_UTILS
from torch import Tensor

from plugins.detection.yolov3_grid import Boxes, Grid, flattened

_OVERLAPS = 2 ** 18  # pairs of box and anchor computed at a time


@dataclass(frozen=True, eq=False)
class Assignment:
    """Which anchors are trained for which boxes, and which as background.

    Attributes:
        anchors: (B, S), index of the anchor at each place, among A.
        boxes: (B, S), index of the box assigned to it, among G; 0 if there is none.
        learns: (B, S), whether a box is assigned to it. Of several places with the
            same anchor at most one has a box.
        objects: (B, A), anchors with an assigned box.
        background: (B, A), anchors trained to have no object. Anchors that are
            neither object nor background get no loss.
    """

    anchors: Tensor
    boxes: Tensor
    learns: Tensor
    objects: Tensor
    background: Tensor


@TASK_UTILS.register_module()
class BatchGridAssigner(GridAssigner):
    """mmdet's GridAssigner for a batch: the same targets without a loop over images and boxes.

    Only anchors of cells that contain the centre of a box are candidates. A candidate
    is assigned a box if it has the largest IoU with it among all candidates, or an IoU
    above ``pos_iou_thr``. Other anchors are background if their IoU with every box is at
    most ``neg_iou_thr`` (the paper's rule, applied to anchors instead of predictions).
    Upstream's loop takes 12 ms per step for a batch of four on a CPU, and a GPU waits
    for it several times per image.

    Args:
        pos_iou_thr, neg_iou_thr, min_pos_iou, iou_calculator: As for upstream's.

    Raises:
        ValueError: ``neg_iou_thr`` is a range, or ``gt_max_assign_all`` is False; no config
            of YOLOv3 has them.
    """

    def __init__(self, pos_iou_thr: float, neg_iou_thr: float, **kwargs) -> None:
        super().__init__(pos_iou_thr, neg_iou_thr, **kwargs)
        if not isinstance(neg_iou_thr, float) or not self.gt_max_assign_all:
            raise ValueError(
                f'BatchGridAssigner: found neg_iou_thr={neg_iou_thr}, gt_max_assign_all='
                f'{self.gt_max_assign_all}; expected one threshold (a float) and True. '
                "mmdet's GridAssigner with its YOLOV3Head takes the others.")

    def assign_batch(self, grid: Grid, truth: Boxes) -> Assignment:
        """Assign the boxes of a batch to the anchors of all scales."""
        anchors, responsible = _candidates(grid, truth)
        overlaps = self.iou_calculator(truth.boxes, grid.anchors[anchors])  # (B, G, S)
        overlaps = overlaps.masked_fill(~(truth.real[..., None] & responsible[:, None]), -1.)
        best_of_place, nearest = overlaps.max(1)
        best_of_box = overlaps.amax(2, keepdim=True)
        wins = (overlaps == best_of_box) & (best_of_box > self.min_pos_iou)
        numbers = torch.arange(1, wins.shape[1] + 1, device=wins.device)[:, None]
        won = (wins * numbers).amax(1)  # the last box takes the anchor, as in upstream's loop
        assigned = torch.where(won > 0, won, (nearest + 1) * (best_of_place > self.pos_iou_thr))
        objects = _marked(anchors, assigned > 0, len(grid.anchors))
        background = ~(objects | _near_boxes(grid, truth, self.neg_iou_thr))
        return Assignment(anchors, (assigned - 1).clamp(min=0), assigned > 0, objects, background)


@TASK_UTILS.register_module()
class EachScaleAssigner:
    """The assignment that report A's network was trained with: every box on every scale.

    On each scale, in the cell that contains the box's centre, the box is assigned to
    the anchor of the most similar shape (largest IoU when both have the same centre);
    upstream's assigner chooses one best anchor on all scales together. The other
    anchors of that cell are background unless their IoU is above ``neg_iou_thr``;
    anchors of cells without a centre are always background.

    Source: build_targets() of https://github.com/eriklindernoren/PyTorch-YOLOv3, whose loss the
    report shows.

    Args:
        neg_iou_thr: An anchor of the box's cell with a larger IoU is not background.
    """

    def __init__(self, neg_iou_thr: float = 0.5) -> None:
        self.neg_iou_thr = neg_iou_thr

    def assign_batch(self, grid: Grid, truth: Boxes) -> Assignment:
        """Assign the boxes of a batch to the anchors of all scales."""
        cells, places = truth.places(grid)
        sides = (truth.boxes[..., 2:] - truth.boxes[..., :2])[:, :, None, None]
        common = torch.minimum(sides, grid.shapes).prod(-1)
        overlaps = common / (sides.prod(-1) + grid.shapes.prod(-1) - common)  # (B, G, L, K)
        real = truth.real[:, :, None, None]
        numbers = torch.arange(grid.per_cell, device=cells.device)
        best = real & (overlaps.argmax(-1, keepdim=True) == numbers)
        rivals = _later_in_cell(cells)[..., None] & best[:, None]
        learns = (best & ~rivals.any(2)).flatten(1)

        anchors = places.flatten(1)
        near = (best | (real & (overlaps > self.neg_iou_thr))).flatten(1)
        boxes = torch.arange(places.shape[1], device=cells.device)[:, None, None]
        return Assignment(
            anchors, boxes.expand_as(places).flatten(1), learns,
            objects=_marked(anchors, learns, len(grid.anchors)),
            background=~_marked(anchors, near, len(grid.anchors)))


def inside_ignored(boxes: Tensor, ignored: Sequence[Tensor], threshold: float) -> Tensor:
    """Whether more than a given share of each box's area lies in an ignored box.

    KITTI's rule for DontCare regions, which hold an unknown number of objects:
    how much of the region a box covers is irrelevant, so the intersection is
    divided by the box's area, not by that of the union.

    Args:
        boxes: (B, A, 4), corners in pixels.
        ignored: For each image its ignored boxes, (N, 4).
        threshold: Share of a box's own area, from 0 to 1.

    Returns:
        (B, A), bool.
    """
    regions, images = flattened(ignored)
    sides = boxes[..., 2:] - boxes[..., :2]
    least = threshold * sides[..., 0] * sides[..., 1]
    x1, y1, x2, y2 = boxes.unbind(-1)
    left, top, right, bottom = regions[:, :, None].unbind(1)
    width = torch.minimum(x2[images], right) - torch.maximum(x1[images], left)
    height = torch.minimum(y2[images], bottom) - torch.maximum(y1[images], top)
    inside = width.clamp(min=0) * height.clamp(min=0) > least[images]
    return _any_in_image(inside, images, len(boxes))


def _candidates(grid: Grid, truth: Boxes) -> tuple[Tensor, Tensor]:
    """Candidate anchors (B, S), and a mask (B, S) of those whose cell contains a box's centre.

    These are the places of the boxes, or all anchors if fewer; the mask has no anchor twice.
    """
    cells, places = truth.places(grid)
    anchors = places.flatten(1)
    real = truth.real[:, :, None, None].expand_as(places).flatten(1)
    total = len(grid.anchors)
    if anchors.shape[1] > total:
        return (torch.arange(total, device=anchors.device).expand(len(anchors), -1),
                _marked(anchors, real, total))
    # Boxes with centres in the same cell have the same places; only the first box's count.
    again = _later_in_cell(cells).any(1)  # (B, G, L)
    return anchors, real & ~again[..., None].expand_as(places).flatten(1)


def _later_in_cell(cells: Tensor) -> Tensor:
    """(B, G, G, L): whether the second box is later and has its centre in the first's cell."""
    numbers = torch.arange(cells.shape[1], device=cells.device)
    return (cells[:, :, None] == cells[:, None]) & (numbers[:, None] < numbers)[..., None]


def _marked(anchors: Tensor, chosen: Tensor, total: int) -> Tensor:
    """(B, total), True for the anchors (B, S) where ``chosen`` (B, S) is True."""
    marks = torch.zeros(len(anchors), total + 1, dtype=torch.bool, device=anchors.device)
    return marks.scatter_(1, torch.where(chosen, anchors, total), True)[:, :total]


def _near_boxes(grid: Grid, truth: Boxes, threshold: float) -> Tensor:
    """(B, A): anchors whose IoU with a box of their image is above the threshold."""
    near = torch.zeros(len(truth.real), len(grid.anchors), dtype=torch.bool,
                       device=truth.flat.device)
    number = max(1, _OVERLAPS // len(grid.anchors))
    for boxes, images in zip(truth.flat.split(number), truth.images.split(number), strict=True):
        near |= _any_in_image(_above(grid, boxes, threshold), images, len(near))
    return near


def _above(grid: Grid, boxes: Tensor, threshold: float) -> Tensor:
    """(M, A): whether the IoU of box and anchor is above the threshold.

    The width of an intersection depends only on the anchor's column, its height only
    on the row, so only their product has to be computed for all anchors. Every value
    equals upstream's to the last bit.
    """
    x1, y1, x2, y2 = boxes[:, :, None, None].unbind(1)  # (M, 1, 1)
    areas = ((x2 - x1) * (y2 - y1))[..., None]
    near = []
    for columns, rows in grid.axes:
        width = (torch.minimum(x2, columns[..., 1]) - torch.maximum(x1, columns[..., 0])).clamp(0)
        height = (torch.minimum(y2, rows[..., 1]) - torch.maximum(y1, rows[..., 0])).clamp(0)
        common = width[:, None] * height[:, :, None]  # (M, H, W, K)
        own = (columns[..., 1] - columns[..., 0]) * (rows[..., 1] - rows[..., 0])[:, None]
        union = (areas + own - common).clamp(min=1e-6)
        near.append((common / union > threshold).flatten(1))
    return torch.cat(near, 1)


def _any_in_image(flags: Tensor, images: Tensor, batch: int) -> Tensor:
    """(batch, A): whether any flag (M, A) of the image is set."""
    counts = torch.zeros(batch, flags.shape[1], device=flags.device)
    return counts.index_add_(0, images, flags.float()) > 0
