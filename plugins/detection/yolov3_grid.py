"""Anchors and labelled boxes of a batch, as tensors with which a whole batch is computed at once.

Letters in shapes: B images, at most G boxes in an image, M boxes in the batch; L scales, K anchors
per cell, A anchors on all scales, in mmdet's order (scale, row, column, anchor of the cell). A box
has L*K places: on each scale, the K anchors of the cell that contains its centre.
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
    """The anchors for one input size.

    Attributes:
        sizes: (height, width) of each scale, in cells.
        anchors: (A, 4), corners in pixels of the input.
        strides: (L, 2), width and height of a cell on each scale, in pixels.
        per_cell: K, the number of anchors per cell.
    """

    sizes: tuple[tuple[int, int], ...]
    anchors: Tensor
    strides: Tensor
    per_cell: int

    @cached_property
    def counts(self) -> list[int]:
        """Number of anchors on each scale; the sum is A."""
        return [height * width * self.per_cell for height, width in self.sizes]

    @cached_property
    def cells(self) -> Tensor:
        """(L, 2), number of cells in a row and in a column of each scale."""
        return self.strides.new_tensor(self.sizes).flip(1)

    @cached_property
    def begins(self) -> Tensor:
        """(L,), index of the first anchor of each scale."""
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
        """For each scale, the anchors' left and right (W, K, 2), and top and bottom (H, K, 2).

        Anchors in the same column share the former, those in the same row the latter.
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
        real: (B, G), False for padding.
        flat: (M, 4), the boxes of all images without padding.
        images: (M,), index of the image that each box in ``flat`` belongs to.
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
        """Find the cell that contains each box's centre, and the anchors of that cell.

        Returns:
            (B, G, L) index of the cell within its scale, and (B, G, L, K) indices of its anchors
            among all A. A centre outside the grid is assigned to the nearest cell (upstream fails
            there, or takes a cell of the next row).
        """
        centres = (self.boxes[..., :2] + self.boxes[..., 2:]) * 0.5
        places = (centres[:, :, None] / grid.strides).floor().clamp(min=0)
        columns, rows = torch.minimum(places, grid.cells - 1).unbind(-1)
        cells = (rows * grid.cells[:, 0] + columns).long()
        numbers = torch.arange(grid.per_cell, device=cells.device)
        return cells, (grid.begins + cells * grid.per_cell)[..., None] + numbers


def flattened(boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Join the boxes (N, 4) of several images to (M, 4), with the image index (M,) of each."""
    images = [item.new_full((len(item),), number, dtype=torch.long)
              for number, item in enumerate(boxes)]
    return torch.cat(list(boxes)), torch.cat(images)


def _padded(columns: Sequence[Tensor]) -> Tensor:
    """Pad to (B, G, ...), with G at least 1, because a maximum over no elements would fail."""
    together = pad_sequence(list(columns), batch_first=True)
    missing = int(together.shape[1] == 0)
    return pad(together, (0, 0) * (together.ndim - 2) + (0, missing))
