"""The anchors and the labelled boxes of a batch, in the shapes that a whole batch is computed in.

Letters of the shapes: B images, at most G boxes in one of them, M boxes in all; L scales, K anchors
in a cell, A anchors of all scales in mmdet's order (scale, row, column, anchor of the cell). A box
has L*K places: the anchors of the cells that its centre falls in.
"""
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence


@dataclass(frozen=True, eq=False)
class Grid:
    """The anchors for one size of input.

    Attributes:
        sizes: (height, width) of each scale, in cells.
        anchors: (A, 4), corners in pixels of the input.
        strides: (L, 2), pixels between two cells, x and y.
        per_cell: K.
    """

    sizes: tuple[tuple[int, int], ...]
    anchors: Tensor
    strides: Tensor
    per_cell: int

    @cached_property
    def counts(self) -> list[int]:
        """Anchors of each scale; they add up to A."""
        return [height * width * self.per_cell for height, width in self.sizes]

    @cached_property
    def widths(self) -> Tensor:
        """(L,), cells in a row."""
        return self.strides.new_tensor([width for _, width in self.sizes])

    @cached_property
    def heights(self) -> Tensor:
        """(L,), cells in a column."""
        return self.strides.new_tensor([height for height, _ in self.sizes])

    @cached_property
    def begins(self) -> Tensor:
        """(L,), the first anchor of each scale."""
        counts = self.strides.new_tensor(self.counts, dtype=torch.long)
        return counts.cumsum(0) - counts

    @cached_property
    def anchor_strides(self) -> Tensor:
        """(A, 1), the stride of each anchor's scale, in pixels."""
        return torch.cat([stride[:1].expand(count) for stride, count
                          in zip(self.strides, self.counts, strict=True)])[:, None]

    @cached_property
    def shapes(self) -> Tensor:
        """(L, K, 2), width and height of the anchors, in pixels."""
        firsts = [part[:self.per_cell] for part in self.anchors.split(self.counts)]
        return torch.stack([first[:, 2:] - first[:, :2] for first in firsts])

    @cached_property
    def axes(self) -> list[tuple[Tensor, Tensor]]:
        """Of each scale, the anchors' ends in x (W, K, 2) and in y (H, K, 2).

        Anchors of one column share the first, those of one row the second.
        """
        parts = [part.view(*size, self.per_cell, 4) for size, part
                 in zip(self.sizes, self.anchors.split(self.counts), strict=True)]
        return [(part[0, :, :, 0::2], part[:, 0, :, 1::2]) for part in parts]


@dataclass(frozen=True, eq=False)
class Boxes:
    """The labelled boxes of a batch, padded to the same number in each image (at least one).

    Attributes:
        boxes: (B, G, 4), corners in pixels of the input; padding is zero.
        labels: (B, G), class indices.
        real: (B, G), False where it is padding.
        flat: (M, 4), the boxes of all images without padding.
        images: (M,), the image of each of them.
    """

    boxes: Tensor
    labels: Tensor
    real: Tensor
    flat: Tensor
    images: Tensor

    @classmethod
    def of(cls, instances: Sequence[InstanceData]) -> 'Boxes':
        """Collect ``bboxes`` (N, 4) and ``labels`` (N,) of each image."""
        boxes = [item.bboxes for item in instances]
        ones = [item.labels.new_ones(len(item.labels), dtype=torch.bool) for item in instances]
        columns = [_padded(column) for column in (boxes, [item.labels for item in instances], ones)]
        return cls(*columns, *flattened(boxes))

    def places(self, grid: Grid) -> tuple[Tensor, Tensor]:
        """The cell that each centre falls in and its anchors.

        Returns:
            (B, G, L) the cell's number within its scale, and (B, G, L, K) the
            anchors' numbers among A. A centre outside the grid (upstream fails
            there, or takes a cell of the next row) belongs to the nearest cell.
        """
        centres = (self.boxes[..., :2] + self.boxes[..., 2:]) * 0.5
        columns, rows = (centres[:, :, None] / grid.strides).floor().unbind(-1)
        columns = torch.minimum(columns.clamp(min=0), grid.widths - 1)
        rows = torch.minimum(rows.clamp(min=0), grid.heights - 1)
        cells = (rows * grid.widths + columns).long()
        numbers = torch.arange(grid.per_cell, device=cells.device)
        return cells, (grid.begins + cells * grid.per_cell)[..., None] + numbers


def flattened(boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """The boxes (N, 4) of several images as one tensor (M, 4), and the image (M,) of each."""
    images = [item.new_full((len(item),), number, dtype=torch.long)
              for number, item in enumerate(boxes)]
    return torch.cat(list(boxes)), torch.cat(images)


def _padded(columns: Sequence[Tensor]) -> Tensor:
    """(B, G, ...), with G at least 1, so that no maximum is taken over nothing."""
    together = pad_sequence(list(columns), batch_first=True)
    missing = int(together.shape[1] == 0)
    return pad(together, (0, 0) * (together.ndim - 2) + (0, missing))
