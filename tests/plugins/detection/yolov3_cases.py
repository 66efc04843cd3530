"""Small heads and boxes for the tests of YOLOv3's head; nothing here is a test."""
from typing import Any

import torch
from mmdet.registry import MODELS
from mmengine.structures import InstanceData

SUM = dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='sum')
MMDET_LOSSES = dict(loss_cls=SUM, loss_conf=SUM, loss_xy=dict(SUM, loss_weight=2.),
                    loss_wh=dict(type='MSELoss', loss_weight=2., reduction='sum'))
MEAN = dict(type='CrossEntropyLoss', use_sigmoid=True, reduction='mean')
REPORT_LOSSES = dict(loss_cls=MEAN, loss_conf=MEAN, loss_xy=dict(type='MSELoss'),
                     loss_wh=dict(type='MSELoss'), noobj_weight=100.)
THRESHOLDS = dict(pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)
EACH_SCALE = dict(type='EachScaleAssigner', neg_iou_thr=0.5)
COCO = [[(116, 90), (156, 198), (373, 326)], [(30, 61), (62, 45), (59, 119)],
        [(10, 13), (16, 30), (33, 23)]]


def build_head(kind: str = 'KittiYOLOV3Head', assigner: dict | None = None, classes: int = 3,
               sizes: list = COCO, strides: tuple = (32, 16, 8), **options: Any) -> torch.nn.Module:
    """A head for feature maps of 4 channels."""
    assigner = assigner or dict(type='BatchGridAssigner', **THRESHOLDS)
    channels = [4] * len(sizes)
    return MODELS.build(dict(
        type=kind, num_classes=classes, in_channels=channels, out_channels=channels,
        anchor_generator=dict(type='YOLOAnchorGenerator', base_sizes=sizes, strides=list(strides)),
        featmap_strides=list(strides), train_cfg=dict(assigner=assigner),
        **{**MMDET_LOSSES, **options}))


def instances(boxes: list, labels: list | None = None) -> InstanceData:
    """Boxes of one image; labels are 0 unless given."""
    return InstanceData(bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
                        labels=torch.tensor(labels or [0] * len(boxes), dtype=torch.long))


def random_truth(seed: int, width: int = 160, height: int = 96,
                 counts: tuple = (7, 0, 1, 12)) -> list[InstanceData]:
    """Images with boxes of all sizes; some share a cell, some are equal."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for count in counts:
        size = torch.tensor([width, height])
        sides = size * (0.04 + 0.8 * torch.rand(count, 2, generator=generator) ** 2)
        corners = torch.rand(count, 2, generator=generator) * (size - sides)
        boxes = torch.cat([corners, corners + sides], 1)
        boxes[1:3] = boxes[:1]
        boxes[3:5] = boxes[3:4] + torch.rand(len(boxes[3:5]), 4, generator=generator)
        boxes = boxes.clamp(min=0).minimum(size.repeat(2) - 1e-3)
        found.append(InstanceData(
            bboxes=boxes, labels=torch.randint(0, 3, (count,), generator=generator)))
    return found


def random_maps(seed: int, batch: int = 4, width: int = 160, height: int = 96,
                classes: int = 3) -> list[torch.Tensor]:
    """Raw predictions of three scales with three anchors."""
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, 3 * (5 + classes), height // stride, width // stride,
                        generator=generator).requires_grad_() for stride in (32, 16, 8)]
