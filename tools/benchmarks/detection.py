"""Training a detector: ours, stock mmdet and a bare loop; its evaluation."""
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor, nn

from plugins.detection.metrics import CocoBoxMetric, DetectionMetric, KittiMetric
from tools.misc.make_sample_data import main as make_sample_data

from .contest import Contest, Recipe
from .measure import timed
from .record import Case, Settings

ROUNDS = 3
KITTI_SIZE = (375, 1242)  # pixels, height and width
TYPES = ('Car', 'Car', 'Car', 'Car', 'Car', 'Car', 'Van', 'DontCare')
DARKNET = 'yolov3/yolov3_d53-mmdet-loss_scratch_1xb6-200e_kitti-car-416px.py'
LIGHT = 'yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'


def recipe(name: str, base: str, width: int, height: int, warmup: int, iterations: int,
           batch: int = 4) -> Recipe:
    """Return a detector's recipe: images fitted into width x height, half of them mirrored."""
    def pipeline(load: str, *flip: dict[str, Any]) -> list[dict[str, Any]]:
        return [dict(type=load), dict(type='LoadAnnotations', with_bbox=True),
                dict(type='Resize', scale=(width, height), keep_ratio=True), *flip,
                dict(type='PackDetInputs')]

    flip, key = dict(type='RandomFlip', prob=0.5), 'train_dataloader.dataset.pipeline'
    return Recipe(
        f'{name.lower().replace("-", "")}-{width}x{height}',
        f'YOLOv3-{name}, {width}x{height}, batch {batch}, flip; ours and bare with mixed '
        'precision, stock in float32', base, warmup, iterations,
        changes={'train_dataloader.batch_size': batch, key: pipeline('LoadCachedImage', flip)},
        # stock treats ignored boxes as background; constant learning rate for stock and bare
        plain={key: pipeline('LoadCachedImage'), 'model.bbox_head.ignore_iof_thr': None,
               'param_scheduler': []},
        stock=pipeline('LoadImageFromFile', flip), stock_plain=pipeline('LoadImageFromFile'),
        rounds=ROUNDS)


def run(settings: Settings) -> Iterator[Case]:
    """Measure the training of two detectors, then evaluation."""
    images, width = settings.pick((60, KITTI_SIZE[1]), (16, KITTI_SIZE[1] // 2))
    make_sample_data([str(settings.folder), '--sets', 'kitti', '--size', f'kitti={images}',
                      '--kitti-width', str(width)])
    recipes = settings.pick([recipe('Darknet-53', DARKNET, 640, 192, 1, 3),
                             recipe('MobileNetV2', LIGHT, 640, 192, 2, 8)],
                            [recipe('MobileNetV2', LIGHT, 320, 96, 1, 3, batch=2)])
    for one in recipes:
        yield DetectorContest(
            one.with_data('data_root', settings.folder / 'kitti'), settings).measure()
    images = settings.pick(1000, 40)
    samples = random_samples(images, objects=8, detections=50)
    case = Case('evaluation', f'CocoBoxMetric, DetectionMetric and KittiMetric on {images} images '
                'of 8 objects and 50 detections, one class')
    case.samples = settings.time({'ours': timed(lambda: evaluate(samples))}, ROUNDS)
    case.add(f'seconds for {images} images', case.median('ours'))
    yield case


class DetectorContest(Contest):
    """Train detectors on KittiDataset, also in stock; labels are read before the first step."""

    def stock_model(self) -> dict[str, Any]:
        """Return the same network with mmdet's own head and assigner."""
        model = self.cfg.model.to_dict()
        head, assigner = model['bbox_head'], model['train_cfg']['assigner']
        for key in ('ignore_iof_thr', 'obj_weight', 'noobj_weight'):
            head.pop(key, None)
        head['type'], assigner['type'] = 'YOLOV3Head', 'GridAssigner'
        return model

    def stock_loader(self) -> dict[str, Any]:
        """Return the same images, read from their files in every epoch."""
        return dict(dataset=self.cfg.train_dataloader.dataset.to_dict())

    def bare_batches(self, network: nn.Module, rows: Iterable[Tensor], device: torch.device,
                     check: bool) -> Iterator[tuple]:
        """Yield resized RGB images, their boxes and ignored boxes; half of them mirrored."""
        preprocessor = self.cfg.model.data_preprocessor
        mean, std = (torch.tensor(values, device=device).float().view(3, 1, 1)
                     for values in (preprocessor.mean, preprocessor.std))
        samples = list(self.dataset)
        images = torch.stack([sample['inputs'] for sample in samples])
        below, right = (-side % preprocessor.pad_size_divisor for side in images.shape[2:])
        for numbers in rows:
            flips = torch.rand(len(numbers)) < (0. if check else 0.5)
            x = images[numbers].to(device, non_blocking=True)
            x = torch.where(flips.to(device)[:, None, None, None], x.flip(3), x)
            x = x.flip(1).float().sub_(mean).div_(std)
            yield F.pad(x, (0, right, 0, below)), *(
                [plain_boxes(samples[number]['data_samples'].get(kind), images.shape[3], flip).to(
                    device) for number, flip in zip(numbers, flips, strict=True)]
                for kind in ('gt_instances', 'ignored_instances'))

    def bare_loss(self, network: nn.Module, *batch: Any) -> Tensor:
        """Return the loss as ours computes it."""
        images, boxes, ignored = batch
        maps = network.bbox_head(network.neck(network.backbone(images)))
        return sum(network.bbox_head.loss_by_feat(*maps, boxes, [], ignored).values())


def plain_boxes(instances: InstanceData, width: int, flip: bool) -> InstanceData:
    """Return boxes as a tensor, mirrored if ``flip``, and labels; width is in pixels."""
    boxes = instances.bboxes.tensor.clone()
    if flip:
        boxes[:, 0::2] = width - boxes[:, [2, 0]]
    return InstanceData(bboxes=boxes, labels=instances.labels)


def random_samples(images: int, objects: int, detections: int) -> list[dict[str, Any]]:
    """Return random samples as a detector's evaluation passes them to its metrics.

    Detections are near each object in turn, with random scores.
    """
    rng = np.random.default_rng(0)
    height, width = KITTI_SIZE
    samples = []
    for number in range(images):
        corner = rng.uniform(0, (width - 160, height - 110), (objects, 2))
        boxes = np.concatenate([corner, corner + rng.uniform(20, (160, 110), (objects, 2))], 1)
        near = boxes[np.arange(detections) % objects] + rng.normal(0, 8, (detections, 4))
        instances = [dict(bbox=box.tolist(), bbox_label=0, ignore_flag=int(kind != 'Car'),
                          type=kind, truncated=0., occluded=0)
                     for box, kind in zip(boxes, np.resize(TYPES, objects).tolist(), strict=True)]
        samples.append(dict(
            img_id=number, img_path=f'{number:06}.png', ori_shape=KITTI_SIZE, instances=instances,
            pred_instances=dict(bboxes=torch.from_numpy(near).float(),
                                scores=torch.from_numpy(rng.uniform(0, 1, detections)).float(),
                                labels=torch.zeros(detections, dtype=torch.long))))
    return samples


def evaluate(samples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Compute the results of all three metrics, in batches of 4."""
    found: dict[str, float] = {}
    for metric in (CocoBoxMetric(), DetectionMetric(), KittiMetric()):
        metric.dataset_meta = dict(classes=('car',), instance_types=('Car', 'Van', 'DontCare'))
        for first in range(0, len(samples), 4):
            metric.process({}, samples[first:first + 4])
        found.update(metric.evaluate(len(samples)))
    return found
