"""Which anchors of YOLOv3 learn which box, for a whole batch at once.

The shapes' letters are those of yolov3_grid.py. Whatever learns a box is among the S = G*L*K places
of its image's boxes (all anchors, if these are fewer), so that boxes are compared with hundreds of
anchors instead of thousands, and no shape depends on values: nothing waits for the device.
"""
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet.models.task_modules.assigners import GridAssigner
from mmdet.registry import TASK_UTILS
from torch import Tensor

from plugins.detection.yolov3_grid import Boxes, Grid, flattened

_OVERLAPS = 2 ** 18  # of boxes with anchors, computed at a time


@dataclass(frozen=True, eq=False)
class Assignment:
    """What learns what.

    Attributes:
        anchors: (B, S), the anchor at each place, a number among A.
        boxes: (B, S), the box it learns, a number among G; 0 where it learns none.
        learns: (B, S), whether it learns one. Of several places with the same
            anchor at most one does.
        objects: (B, A), anchors that learn a box.
        background: (B, A), anchors that learn that there is none. Those that
            are neither get no loss.
    """

    anchors: Tensor
    boxes: Tensor
    learns: Tensor
    objects: Tensor
    background: Tensor


@TASK_UTILS.register_module()
class BatchGridAssigner(GridAssigner):
    """mmdet's GridAssigner for a batch: the same targets without a loop over images and boxes.

    An anchor learns a box, if the centre of some box of its image is in its
    cell, when it is the box's best among all such anchors, or overlaps it by
    more than ``pos_iou_thr``. An anchor is background when it overlaps no box
    by more than ``neg_iou_thr`` (the paper's rule, by anchors instead of
    predictions). Upstream needs 12 ms a step for a batch of four on a CPU,
    and a GPU waits for it several times an image.

    Args:
        pos_iou_thr, neg_iou_thr, min_pos_iou, iou_calculator: Upstream's.

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
        corners = grid.anchors[anchors]
        nearest, won = torch.zeros_like(anchors), torch.zeros_like(anchors)
        best_of_place = torch.full_like(corners[..., 0], -1.)
        # As many boxes at a time as their overlaps stay in the CPU's caches: all, in most images.
        number = max(1, _OVERLAPS // anchors.numel())
        for first in range(0, truth.boxes.shape[1], number):
            some = slice(first, first + number)
            overlaps = self.iou_calculator(truth.boxes[:, some], corners)  # (B, g, S)
            real = truth.real[:, some, None] & responsible[:, None]
            overlaps = overlaps.masked_fill(~real, -1.)
            best, place = overlaps.max(1)
            nearest = torch.where(best > best_of_place, place + first, nearest)
            best_of_place = torch.maximum(best, best_of_place)
            best_of_box = overlaps.amax(2, keepdim=True)
            wins = (overlaps == best_of_box) & (best_of_box > self.min_pos_iou)
            numbers = torch.arange(1, wins.shape[1] + 1, device=wins.device)[:, None] + first
            # The last box takes the anchor, as in upstream's loop.
            won = torch.maximum((wins * numbers).amax(1), won)
        assigned = torch.where(won > 0, won, (nearest + 1) * (best_of_place > self.pos_iou_thr))
        objects = _marked(anchors, assigned > 0, len(grid.anchors))
        background = ~(objects | _near_boxes(grid, truth, self.neg_iou_thr))
        return Assignment(anchors, (assigned - 1).clamp(min=0), assigned > 0, objects, background)


@TASK_UTILS.register_module()
class EachScaleAssigner:
    """The assignment that report A's network was trained with: every scale learns every box.

    On each scale, the anchor whose shape is most like the box's (IoU of the
    two, centred on each other) learns it, in the cell that its centre falls
    in; upstream's assigner has one best anchor on all scales together. The
    other anchors of that cell are background unless their IoU is above
    ``neg_iou_thr``, and so are all anchors of other cells. Where two boxes
    want the same anchor, the later one has it.

    Source: build_targets() of https://github.com/eriklindernoren/PyTorch-YOLOv3, whose loss the
    report prints.

    Args:
        neg_iou_thr: Above this IoU an anchor of the box's cell is not background.
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
        same = _same_cell(cells) & _pairs(cells).triu(1)[..., None]  # a later box's centre too
        rivals = same[..., None] & best[:, None]
        learns = (best & ~rivals.any(2)).flatten(1)

        anchors = places.flatten(1)
        near = (best | (real & (overlaps > self.neg_iou_thr))).flatten(1)
        boxes = torch.arange(places.shape[1], device=cells.device)[:, None, None]
        return Assignment(
            anchors, boxes.expand_as(places).flatten(1), learns,
            objects=_marked(anchors, learns, len(grid.anchors)),
            background=~_marked(anchors, near, len(grid.anchors)))


def inside_ignored(boxes: Tensor, ignored: Sequence[Tensor], threshold: float) -> Tensor:
    """Which boxes lie in an ignored one with more than a share of their own area.

    KITTI's rule for DontCare regions, which hold an unknown number of objects:
    how much of the region a box covers says nothing, so the intersection is
    divided by the box's area, not by that of the union.

    Args:
        boxes: (B, A, 4), corners in pixels.
        ignored: Of each image the ignored boxes, (N, 4).
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
    """Anchors (B, S) in whose cells a centre may fall, and where one does, each anchor once.

    The places of the boxes, or all anchors where these are fewer.
    """
    cells, places = truth.places(grid)
    anchors = places.flatten(1)
    real = truth.real[:, :, None, None].expand_as(places).flatten(1)
    total = len(grid.anchors)
    if anchors.shape[1] > total:
        return (torch.arange(total, device=anchors.device).expand(len(anchors), -1),
                _marked(anchors, real, total))
    # Boxes whose centres share a cell have the same places there; the first box's count.
    again = (_same_cell(cells) & _pairs(cells).tril(-1)[..., None]).any(2)  # (B, G, L)
    return anchors, real & ~again[..., None].expand_as(places).flatten(1)


def _same_cell(cells: Tensor) -> Tensor:
    """(B, G, G, L): whether two boxes have their centres in one cell of a scale."""
    return cells[:, :, None] == cells[:, None]


def _pairs(cells: Tensor) -> Tensor:
    """(G, G), all True."""
    return torch.ones(cells.shape[1], cells.shape[1], dtype=torch.bool, device=cells.device)


def _marked(anchors: Tensor, chosen: Tensor, total: int) -> Tensor:
    """(B, total), True at the chosen (B, S) of the anchors (B, S)."""
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

    An intersection's width depends on the anchor's column alone, its height on
    the row, so that only their product takes all anchors. Every value is
    upstream's to the last bit.
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
    """(batch, A): whether a flag (M, A) of the image is set."""
    counts = torch.zeros(batch, flags.shape[1], device=flags.device)
    return counts.index_add_(0, images, flags.float()) > 0
