"""Losses and accuracies of each YOLOv3 scale on a training batch: row A15's table."""
import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from plugins.detection.yolov3_grid import Grid
from plugins.detection.yolov3_targets import Assignment

ROWS = ('loss', 'x', 'y', 'w', 'h', 'conf', 'cls', 'cls_acc', 'recall50', 'recall75', 'precision',
        'conf_obj', 'conf_noobj')


@dataclass(frozen=True, eq=False)
class ScaleStatistics:
    """One column of ROWS for each scale ("YOLO layer"), from one batch and one process.

    An object cell is an anchor with an assigned box, a background cell one trained to
    have no object; both count only on their own scale. A prediction's confidence is its
    objectness, without class scores.

    ===========  ==================================================================================
    loss         x + y + w + h + conf + cls, as in training; the sum over scales is the head's loss
    x, y, w, h   loss of each coordinate, weighted and reduced like the head's loss_xy, loss_wh
    conf         loss of the confidence of object and background cells, weighted as in the head
    cls          loss of the classes, over the object cells
    cls_acc      % of the object cells whose highest class score is that of the right class
    recall50     share of the object cells with confidence > 0.5, the right class, and an IoU > 0.5
                 of the predicted box with the assigned one
    recall75     the same with an IoU > 0.75
    precision    the number of cells that recall50 counts, divided by that of all cells with
                 confidence > 0.5, except non-object cells in an ignored box
    conf_obj     mean confidence of the object cells
    conf_noobj   mean confidence of the background cells
    ===========  ==================================================================================

    All are from 0 to 1 except the losses and cls_acc. A share or mean over
    no cells is NaN, shown as '-' in the table. Source: the metrics of YOLOLayer in
    https://github.com/eriklindernoren/PyTorch-YOLOv3, which report A prints. It gives 0 for a
    recall or precision over no cells, has no ignored boxes, and adds one cell to every side of the
    boxes that it compares, so its recalls are too high, most of all on the coarse grids.

    Attributes:
        sizes: (height, width) of each scale, in cells.
        values: (L, 13), columns in the order of ROWS.
    """

    sizes: tuple[tuple[int, int], ...]
    values: Tensor

    def rows(self) -> dict[str, list[float]]:
        """Map row names to their values on each scale. Waits for the device."""
        columns = self.values.t().tolist()
        return dict(zip(ROWS, columns, strict=True))


def format_table(sizes: tuple[tuple[int, int], ...], rows: Mapping[str, list[float]]) -> str:
    """Row A15's table as plain text, ending in the total loss; grid sizes are width x height."""
    grids = [f'{width}' if width == height else f'{width}x{height}' for height, width in sizes]
    lines = [('metrics', *(f'YOLO layer {number}' for number in range(1, len(grids) + 1))),
             ('grid_size', *grids)]
    for name, values in rows.items():
        shown = '{:.2f}%' if name == 'cls_acc' else '{:.6f}'
        lines.append((name, *('-' if math.isnan(v) else shown.format(v) for v in values)))
    text = [f'{name:<12}' + ''.join(f'{cell:>14}' for cell in cells) for name, *cells in lines]
    return '\n'.join([*text, f'total loss {sum(rows["loss"]):.6f}'])


def scale_statistics(grid: Grid, targets: Assignment, losses: Mapping[str, Tensor],
                     predictions: Tensor, overlaps: Tensor, right: Tensor,
                     dropped: Tensor | None) -> ScaleStatistics:
    """Compute the statistics of a batch, without waiting for the device.

    Args:
        losses: Weighted terms before summing: ``xy`` and ``wh`` (B, S, 2), ``cls`` (B, S, classes),
            ``conf`` (B, A).
        predictions: (B, A), confidences.
        overlaps: (B, S), IoU of the box predicted at a place with the assigned one.
        right: (B, S), whether the class with the highest score there is right.
        dropped: (B, A), predictions covered by an ignored box; None if there are none.
    """
    def places(values: Tensor) -> Tensor:
        return values.reshape(len(values), -1, len(grid.sizes), grid.per_cell).sum((0, 1, 3))

    def anchors(values: Tensor) -> Tensor:
        return torch.stack([part.sum() for part in values.split(grid.counts, 1)])

    objects = targets.objects
    confident = predictions > 0.5
    found = targets.learns & right & confident.gather(1, targets.anchors)
    found50 = places((found & (overlaps > 0.5)).float())
    found75 = places((found & (overlaps > 0.75)).float())
    count = anchors(objects.float())
    parts = [*(places(losses[name][..., axis]) for name in ('xy', 'wh') for axis in (0, 1)),
             anchors(losses['conf']), places(losses['cls'].sum(-1))]
    claimed = confident if dropped is None else confident & (objects | ~dropped)
    values = [sum(parts), *parts,
              100 * places((targets.learns & right).float()) / count,
              found50 / count, found75 / count, found50 / anchors(claimed.float()),
              anchors(predictions * objects) / count,
              anchors(predictions * targets.background) / anchors(targets.background.float())]
    return ScaleStatistics(grid.sizes, torch.stack(values, 1))
