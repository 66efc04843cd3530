"""Tested images made by hand, as the metrics get them, and crowded ones made by chance."""
import random
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from plugins.detection.kitti_label import TYPES

Box = Sequence[float]


def instance(bbox: Box, kind: str = 'Car', truncated: float = 0, occluded: int = 0,
             label: int = 0) -> dict[str, Any]:
    """One object as KittiDataset hands it out for the class car."""
    return dict(bbox=list(bbox), bbox_label=label, ignore_flag=int(kind in ('Van', 'DontCare')),
                type=kind, truncated=truncated, occluded=occluded)


def result_of(instances: Iterable[dict] = (), found: Sequence[Box] = (),
           scores: Sequence[float] | None = None, labels: Sequence[int] | None = None,
           number: int = 0) -> dict[str, Any]:
    """One image after its prediction; scores fall from 0.9 by default."""
    if scores is None:
        scores = [0.9 - 0.01 * i for i in range(len(found))]
    sample = DetDataSample(metainfo=dict(
        img_id=number, img_path=f'image_2/{number:06d}.png', ori_shape=(375, 1242),
        instances=list(instances)))
    sample.pred_instances = InstanceData(
        bboxes=torch.tensor(np.array(found, float)).reshape(-1, 4), scores=torch.tensor(scores),
        labels=torch.tensor(labels or [0] * len(found), dtype=torch.long))
    return sample.to_dict()


def evaluate(metric: Any, *samples: dict, classes: Sequence[str] = ('car',)) -> dict[str, Any]:
    """Evaluate them in batches of two."""
    metric.dataset_meta = dict(classes=tuple(classes), instance_types=TYPES)
    for start in range(0, len(samples), 2):
        metric.process({}, samples[start:start + 2])
    return metric.evaluate(len(samples))


def street(number: int, draw: random.Random) -> dict[str, Any]:
    """A crowded image: eight objects of every kind, detections next to them and elsewhere."""
    instances, found = [], []
    for _ in range(8):
        kind = draw.choice(['Car', 'Car', 'Car', 'Van', 'Cyclist', 'DontCare'])
        left, top = draw.uniform(0, 300), draw.uniform(0, 100)
        box = [left, top, left + draw.uniform(30, 90), top + draw.choice([25, 30, 40, 55, 70])]
        instances.append(instance(
            [round(value, 2) for value in box], kind, draw.choice([0, 0, 0, 0.15, 0.2, 0.4, 0.6]),
            draw.choice([0, 0, 1, 2, 3])))
        found += [[round(value + draw.uniform(-4, 4), 2) for value in box]
                  for _ in range(draw.choice([0, 1, 1, 2, 3]))]
    for _ in range(4):
        left, top = draw.uniform(0, 300), draw.uniform(0, 100)
        found.append([left, top, left + 50, top + 35])
    return result_of((i for i in instances if i['type'] != 'Cyclist'), found,
                  [round(draw.random(), 4) for _ in found], number=number)
