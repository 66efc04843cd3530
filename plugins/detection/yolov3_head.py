"""YOLOv3 head for KITTI: ignored boxes, two normalisations of losses, statistics per scale."""
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from mmdet.models.dense_heads import YOLOV3Head
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from mmdet.utils import InstanceList, OptInstanceList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from plugins.detection.yolov3_grid import Boxes, Grid
from plugins.detection.yolov3_statistics import ScaleStatistics, scale_statistics
from plugins.detection.yolov3_targets import Assignment, inside_ignored


@MODELS.register_module()
class KittiYOLOV3Head(YOLOV3Head):
    """YOLOV3Head with ignored boxes, weights for the confidence loss, and clipped detections.

    Differences from upstream's head:

    - Ignored boxes (``ignored_instances``): upstream trains DontCare regions
      and Vans as background. Here an anchor without an assigned box has no confidence loss
      if more than ``ignore_iof_thr`` of its predicted box's area lies inside an ignored box.
    - Separate confidence weights for objects and background; means as an alternative to sums.
    - Detections are clipped to the image, as in upstream's other heads (whose box coders know
      the image's shape). A car cut off by the image's edge is labelled only up to the edge, so
      an unclipped detection of it may not reach an IoU of 0.5.
    - If two boxes have the same best anchor, the later one has it, and its class alone is the
      target, as upstream; report A's code marks the classes of both (multi-hot).
    - Statistics per scale, on request; see :class:`ScaleStatistics`.
    - Speed: targets are computed for the whole batch at once, box and class losses only at
      places of boxes, and no step makes the host wait for the device.

    The losses' ``reduction`` selects one of two normalisations:

    - ``'sum'``, as in upstream's configs: sums over the batch.
    - ``'mean'``, the loss of report A (https://github.com/eriklindernoren/PyTorch-YOLOv3): on each
      scale, x, y, w, h and classes have mean losses over the object cells of the batch; confidence
      has ``obj_weight`` times the mean over these plus ``noobj_weight`` times the mean over
      background cells. Coordinates and scales are summed. (Upstream's mean is over all cells.)

    With reduction 'sum' for all losses, ``ignore_iof_thr=None``, both weights 1 and
    BatchGridAssigner, losses and gradients equal those of upstream's head with GridAssigner.

    Args:
        train_cfg: ``assigner`` is BatchGridAssigner (upstream's targets) or EachScaleAssigner
            (report A's).
        loss_xy: A loss with ``use_sigmoid=True`` receives logits, as in upstream; any other, such
            as MSELoss, receives sigmoid(x) and sigmoid(y).
        ignore_iof_thr: Share of the predicted box's area, from 0 to 1; None
            trains ignored boxes as background. KITTI's own evaluation ignores false alarms in a
            DontCare region by the same ratio, from 0.7 for cars. Here it also applies to
            neighbours such as Vans.
        obj_weight, noobj_weight: Confidence weights of object, background cells; row A13: 1, 100.

    Raises:
        ValueError: An assigner without ``assign_batch``, a threshold outside 0 to 1, another
            reduction.

    Attributes:
        statistics_wanted: If True, the next loss fills ``statistics`` and resets this to False.
        statistics: Those of the last loss that computed them; None before.
    """

    def __init__(self, *args, ignore_iof_thr: float | None = None, obj_weight: float = 1.,
                 noobj_weight: float = 1., **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.ignore_iof_thr = ignore_iof_thr
        self.obj_weight, self.noobj_weight = obj_weight, noobj_weight
        self.statistics_wanted = False
        self.statistics: ScaleStatistics | None = None
        self._grids: dict[tuple, Grid] = {}
        if self.train_cfg and not hasattr(self.assigner, 'assign_batch'):
            raise ValueError(f'bbox_head: found the assigner {type(self.assigner).__name__}, '
                             'expected BatchGridAssigner, which takes the same arguments as '
                             "mmdet's GridAssigner, or EachScaleAssigner")
        if ignore_iof_thr is not None and not 0 <= ignore_iof_thr <= 1:
            raise ValueError(f'bbox_head: found ignore_iof_thr={ignore_iof_thr}, expected a share '
                             'from 0 to 1, or None')
        for name in ('loss_cls', 'loss_conf', 'loss_xy', 'loss_wh'):
            found = getattr(getattr(self, name), 'reduction', None)
            if found not in ('sum', 'mean'):
                raise ValueError(f"bbox_head.{name}: found reduction={found!r}, expected 'sum' "
                                 "(upstream's configs) or 'mean' (report A)")

    def forward(self, x: tuple[Tensor, ...]) -> tuple[tuple[Tensor, ...]]:
        """As upstream, in 32 bits: those of --amp would move boxes by pixels."""
        return tuple(pred.float() for pred in super().forward(x)[0]),

    def loss_by_feat(self, pred_maps: Sequence[Tensor], batch_gt_instances: InstanceList,
                     batch_img_metas: list[dict],
                     batch_gt_instances_ignore: OptInstanceList = None) -> dict[str, Tensor]:
        """Compute loss_cls, loss_conf, loss_xy and loss_wh, each summed over the scales.

        Args:
            pred_maps: For each scale, (B, K * (5 + classes), H, W).
            batch_gt_instances: ``bboxes`` (N, 4) in pixels of the input and ``labels`` (N,).
            batch_img_metas: Unused.
            batch_gt_instances_ignore: ``bboxes`` (N, 4) of each image, or None.
        """
        grid = self._grid(pred_maps)
        predictions = self._flat(pred_maps)
        truth = Boxes.of(batch_gt_instances)
        targets = self.assigner.assign_batch(grid, truth)
        dropped = self._dropped(grid, predictions, batch_gt_instances_ignore)
        if dropped is not None:
            targets = replace(targets, background=targets.background & ~dropped)
        places = predictions.gather(
            1, targets.anchors[..., None].expand(-1, -1, self.num_attrib))
        boxes = truth.boxes.gather(1, targets.boxes[..., None].expand(-1, -1, 4))
        labels = truth.labels.gather(1, targets.boxes)
        losses = self._losses(grid, targets, predictions[..., 4], places, boxes, labels)
        if self.statistics_wanted:
            self.statistics_wanted = False
            self.statistics = self._statistics(grid, targets, losses, predictions[..., 4], places,
                                               boxes, labels, dropped)
        return {f'loss_{name}': terms.sum() for name, terms in losses.items()}

    def _flat(self, pred_maps: Sequence[Tensor]) -> Tensor:
        """Join the scales to (B, A, 5 + classes), each attribute contiguous in memory over anchors.

        This makes computing with single attributes several times faster than upstream's layout.
        """
        parts = [pred.unflatten(1, (-1, self.num_attrib)).permute(0, 2, 3, 4, 1).flatten(2)
                 for pred in pred_maps]
        return torch.cat(parts, 2).float().transpose(1, 2)

    def _grid(self, pred_maps: Sequence[Tensor]) -> Grid:
        """The anchors; cached, because upstream copies them to the device at every step."""
        device = pred_maps[0].device
        sizes = tuple(tuple(pred.shape[-2:]) for pred in pred_maps)
        if (sizes, device) not in self._grids:
            anchors = self.prior_generator.grid_priors(sizes, device=device)
            strides = torch.tensor(self.prior_generator.strides, device=device).float()
            self._grids[sizes, device] = Grid(
                sizes, torch.cat(anchors), strides, self.num_base_priors)
        return self._grids[sizes, device]

    def decode(self, pred_maps: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Boxes in pixels of the input (B, A, 4), objectness (B, A), scores (B, A, classes)."""
        predictions = self._flat(pred_maps)
        anchors = self.prior_generator.grid_priors(  # not _grid(), which keeps traced tensors
            [pred.shape[-2:] for pred in pred_maps], device=predictions.device)
        strides = torch.cat([one.new_full((len(one), 1), stride) for one, stride
                             in zip(anchors, self.featmap_strides, strict=True)])
        return (self._decoded(torch.cat(anchors), predictions, strides),
                predictions[..., 4].sigmoid(), predictions[..., 5:].sigmoid())

    @torch.no_grad()
    def _dropped(self, grid: Grid, predictions: Tensor,
                 ignored: OptInstanceList) -> Tensor | None:
        """(B, A): predictions covered by an ignored box; None if no box is ignored."""
        regions = [predictions.new_zeros(0, 4) if item is None else item.bboxes
                   for item in ignored or ()]
        if self.ignore_iof_thr is None or not sum(map(len, regions)):
            return None
        return inside_ignored(self._decoded(grid.anchors, predictions, grid.anchor_strides),
                              regions, self.ignore_iof_thr)

    def _decoded(self, anchors: Tensor, predictions: Tensor, strides: Tensor) -> Tensor:
        """Decode predictions to boxes in pixels, (..., 4)."""
        columns = predictions.transpose(1, 2)  # the layout in memory, see _flat
        deltas = torch.cat([columns[:, :2].sigmoid(), columns[:, 2:4]], 1)
        return self.bbox_coder.decode(anchors, deltas.transpose(1, 2), strides)

    def _losses(self, grid: Grid, targets: Assignment, confidences: Tensor, places: Tensor,
                boxes: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """All weighted loss terms, not yet summed: cls, xy and wh (B, S, ...), conf (B, A)."""
        deltas = self.bbox_coder.encode(
            grid.anchors[targets.anchors], boxes, grid.anchor_strides[targets.anchors, 0])
        classes = (labels[..., None] == torch.arange(
            self.num_classes, device=labels.device)).float()
        classes = classes * (1 - self.one_hot_smoother) + self.one_hot_smoother / self.num_classes
        centres = places[..., :2]
        if not getattr(self.loss_xy, 'use_sigmoid', False):
            centres = centres.sigmoid()

        def weighted(loss: nn.Module, found: Tensor, wanted: Tensor) -> Tensor:
            weight = _shares(grid, targets.objects, loss.reduction).gather(1, targets.anchors)
            weight = (weight * targets.learns)[..., None]
            return loss(found, wanted, weight=weight, reduction_override='none')

        cls = weighted(self.loss_cls, places[..., 5:], classes)
        if self.loss_cls.reduction == 'mean':  # the mean is over the classes, too
            cls = cls / self.num_classes
        reduction = self.loss_conf.reduction
        weight = (self.obj_weight * _shares(grid, targets.objects, reduction)
                  + self.noobj_weight * _shares(grid, targets.background, reduction))
        conf = self.loss_conf(confidences, targets.objects.float(), weight=weight,
                              reduction_override='none')
        return dict(cls=cls, conf=conf, xy=weighted(self.loss_xy, centres, deltas[..., :2]),
                    wh=weighted(self.loss_wh, places[..., 2:4], deltas[..., 2:]))

    @torch.no_grad()
    def _statistics(self, grid: Grid, targets: Assignment, losses: dict[str, Tensor],
                    confidences: Tensor, places: Tensor, boxes: Tensor, labels: Tensor,
                    dropped: Tensor | None) -> ScaleStatistics:
        found = self._decoded(grid.anchors[targets.anchors], places,
                              grid.anchor_strides[targets.anchors])
        return scale_statistics(
            grid, targets, {name: terms.detach() for name, terms in losses.items()},
            confidences.sigmoid(), bbox_overlaps(found, boxes, is_aligned=True),
            places[..., 5:].argmax(-1) == labels, dropped)

    def _bbox_post_process(self, results: InstanceData, cfg: Any, rescale: bool = False,
                           with_nms: bool = True, img_meta: dict | None = None) -> InstanceData:
        """Clip boxes to the image, then apply upstream's rescaling and NMS.

        Args:
            results: ``bboxes`` (N, 4) in pixels of the network's input.
            img_meta: ``ori_shape`` (H, W) and ``scale_factor`` (x, y), whose product is the image's
                size in the input without letterbox padding.
        """
        height, width = img_meta['ori_shape'][:2]
        scale_x, scale_y = img_meta['scale_factor'][:2]
        results.bboxes[:, 0::2].clamp_(0, width * scale_x)
        results.bboxes[:, 1::2].clamp_(0, height * scale_y)
        return super()._bbox_post_process(results, cfg, rescale, with_nms, img_meta)


def _shares(grid: Grid, flags: Tensor, reduction: str) -> Tensor:
    """(B, A): 1 where a flag is set; for a mean, divided by the number of flags on its scale."""
    ones = flags.float()
    if reduction == 'sum':
        return ones
    return torch.cat([part / part.sum().clamp(min=1) for part in ones.split(grid.counts, 1)], 1)
