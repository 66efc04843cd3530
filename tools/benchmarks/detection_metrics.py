"""How long evaluation takes: all three metrics on detections out of a random generator."""
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from mmengine.structures import InstanceData

from plugins.detection.metrics import CocoBoxMetric, DetectionMetric, KittiMetric

from .record import Case, Figure, Settings
from .timing import interleave, now, summary

SIZE = (375, 1242)  # pixels, height and width of KITTI's images
TYPES = ('Car', 'Car', 'Car', 'Car', 'Car', 'Car', 'Van', 'DontCare')
METAINFO = dict(classes=('car',), instance_types=('Car', 'Van', 'DontCare'))


def metrics_case(settings: Settings, told: Callable[..., None]) -> Case:
    """1 000 images of 8 objects and 50 detections through every metric of the detectors' tests."""
    images = settings.pick(1000, 40)
    samples = drawn_samples(images, objects=8, detections=50)
    case = Case('evaluation', f'CocoBoxMetric, DetectionMetric and KittiMetric on {images} images '
                'of 8 objects and 50 detections, one class', images=images)
    case.samples = interleave({'ours': lambda: seconds(samples)}, settings.rounds or 3, told)
    case.figures = [Figure(f'seconds for {images} images', summary(case.samples['ours'])['median'],
                           settings.pick(5., None), at_least=False)]
    return case


def drawn_samples(images: int, objects: int, detections: int, seed: int = 0
                  ) -> list[dict[str, Any]]:
    """Tested samples as a detector's evaluation hands them to its metrics.

    Detections lie near the objects in turn, some nearer than others, scores by chance.
    """
    rng = np.random.default_rng(seed)
    return [_sample(rng, number, objects, detections) for number in range(images)]


def _sample(rng: np.random.Generator, number: int, objects: int, detections: int
            ) -> dict[str, Any]:
    height, width = SIZE
    corner = rng.uniform(0, (width - 160, height - 110), (objects, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(20, (160, 110), (objects, 2))], 1)
    near = boxes[np.arange(detections) % objects] + rng.normal(0, 8, (detections, 4))
    instances = [dict(bbox=box.tolist(), bbox_label=0, ignore_flag=int(kind != 'Car'), type=kind,
                      truncated=0., occluded=0)
                 for box, kind in zip(boxes, np.resize(TYPES, objects).tolist(), strict=True)]
    return dict(
        img_id=number, img_path=f'{number:06}.png', ori_shape=SIZE, instances=instances,
        pred_instances=dict(InstanceData(
            bboxes=torch.from_numpy(near).float(), scores=torch.from_numpy(
                rng.uniform(0, 1, detections)).float(),
            labels=torch.zeros(detections, dtype=torch.long)).items()))


def evaluate(samples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """What all three metrics find, in batches of 4."""
    found: dict[str, float] = {}
    for metric in (CocoBoxMetric(), DetectionMetric(), KittiMetric()):
        metric.dataset_meta = METAINFO
        for first in range(0, len(samples), 4):
            metric.process({}, samples[first:first + 4])
        found.update(metric.evaluate(len(samples)))
    return found


def seconds(samples: Sequence[dict[str, Any]]) -> float:
    """Of :func:`evaluate`."""
    start = now()
    evaluate(samples)
    return now() - start
