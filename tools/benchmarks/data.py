"""Measure how time and memory grow with ten times as many images or boxes."""
import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch.utils.data import DataLoader

from plugins.classification.datasets import ArrayDataset, ImageArray
from plugins.detection.metrics import CocoBoxMetric, DetectionMetric, KittiMetric
from plugins.engine.allocator import keep_freed_memory
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config

from .detection import KITTI_SIZE, LIGHT
from .measure import timed
from .record import Case, Settings

ROUNDS = 3
CHUNK = 1000  # images that repeat
STATUS = Path('/proc/self/status')  # on Linux; elsewhere no memory is measured
TENFOLD = (10, 100, 1000)
TYPES = ('Car', 'Car', 'Car', 'Car', 'Car', 'Car', 'Van', 'DontCare')


def run(settings: Settings) -> Iterator[Case]:
    """Measure growing numbers of images, then of boxes."""
    if not torch.cuda.is_available():
        keep_freed_memory()  # as our Runner does
    sizes, scenes, batch = settings.pick(((10_000, 100_000, 1_000_000), 20, 4),
                                         ((1000, 10_000, 100_000), 5, 1))
    yield images_case(sizes, settings)
    yield grow(Case('boxes, head', f'targets and losses of KittiYOLOV3Head, 640x192, {batch} '
                    'images of 10, 100, 1 000 boxes, none of them ignored'),
               TENFOLD, lambda boxes: head_losses(batch, boxes), settings)

    samples = {objects: random_samples(scenes, objects, detections=100) for objects in TENFOLD}
    yield grow(Case('boxes, metrics', f'CocoBoxMetric, DetectionMetric and KittiMetric on {scenes} '
                    'images of 10, 100, 1 000 objects and 100 detections, the most that a model '
                    'gives'),
               TENFOLD, lambda objects: partial(evaluate, samples[objects]), settings)


def grow(case: Case, sizes: Sequence[int], work: Callable[[int], Callable[[], object]],
         settings: Settings) -> Case:
    """Time work of several sizes, and calculate k of ``seconds ~ size ** k``; 1 is linear growth.

    Only the last tenfold step counts: at small sizes, constant costs hide the growth.
    """
    calls = {f'{size:,}': work(size) for size in sizes}
    calls[f'{sizes[0]:,}']()  # so that imports on first use are not timed
    case.samples = settings.time({name: timed(call) for name, call in calls.items()}, ROUNDS)
    *_, medium, large = map(case.median, calls)
    case.add('exponent of seconds, last tenfold',
             math.log(large / medium, sizes[-1] / sizes[-2]))
    return case


def images_case(sizes: Sequence[int], settings: Settings) -> Case:
    """Measure epochs over growing numbers of memory-mapped images."""
    images = mapped_images(settings.folder / 'images.npy', sizes[-1])
    case = Case('images', 'an epoch of ArrayDataset on a memory-mapped file, 32 px, shuffled, '
                'batch 64; memory is anonymous (RssAnon), without pages of the mapped file')
    loaders = {size: array_loader(images[:size]) for size in sizes}
    if STATUS.exists():
        growth = [anonymous_growth_mb(loader) for loader in loaders.values()]
        case.add('MB more for the largest than for the smallest', growth[-1] - growth[0])
    return grow(case, sizes, lambda size: partial(deque, loaders[size], maxlen=0), settings)


def mapped_images(path: Path, images: int) -> np.ndarray:
    """Map random images from a ``.npy`` file like the cache's: uint8, N x 3 x 32 x 32."""
    chunk = np.random.default_rng(0).integers(0, 256, (CHUNK, 3, 32, 32), np.uint8)
    written = np.lib.format.open_memmap(path, 'w+', np.uint8, (images, 3, 32, 32))
    written.reshape(-1, *chunk.shape)[:] = chunk
    return np.load(path, mmap_mode='r')


def array_loader(images: np.ndarray) -> DataLoader:
    """Return a loader like the configs', with ten classes in turn."""
    source = ImageArray(images, np.arange(len(images)) % 10,
                        tuple(f'class{number}' for number in range(10)))
    return Runner.build_dataloader(dict(
        batch_size=64, num_workers=0, dataset=ArrayDataset(source),
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='batch_collate')), seed=0)


def anonymous_growth_mb(loader: DataLoader) -> float:
    """Return the peak growth of the process's own memory during an epoch, in 1e6 bytes.

    Pages of mapped files do not count: the kernel frees them when memory runs short.
    """
    def own() -> float:
        kilobytes = re.search(r'RssAnon:\s+(\d+) kB', STATUS.read_text())[1]
        return int(kilobytes) * 1024 / 1e6
    before = own()
    return max(own() for number, _ in enumerate(loader) if number % 20 == 0) - before


def head_losses(batch: int, boxes: int) -> Callable[[], object]:
    """Return a function that computes YOLOv3's targets and losses; ``boxes`` per image."""
    height, width = 192, 640
    model = load_config(str(REPO_ROOT / 'configs' / LIGHT)).model
    init_default_scope('mmdet')
    head = MODELS.build(dict(model.bbox_head, train_cfg=model.train_cfg, test_cfg=model.test_cfg))
    maps = [torch.zeros(batch, 18, height // stride, width // stride) for stride in (32, 16, 8)]
    rng = np.random.default_rng(0)
    corner = rng.uniform(0, (width - 90, height - 70), (batch, boxes, 2))
    both = np.concatenate([corner, corner + rng.uniform(8, (90, 70), corner.shape)], 2)
    truth = [InstanceData(bboxes=torch.from_numpy(own).float(),
                          labels=torch.zeros(boxes, dtype=torch.long)) for own in both]
    return lambda: head.loss_by_feat(maps, truth, [])


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
