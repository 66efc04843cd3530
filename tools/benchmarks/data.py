"""Costs as images, classes and boxes grow tenfold: linear or better, in flat memory."""
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmengine.structures import InstanceData
from torch.utils.data import DataLoader

from plugins.classification.datasets import ArrayDataset, ImageArray
from plugins.classification.metrics import ClassReport
from plugins.engine.allocator import keep_freed_memory
from plugins.engine.session import load_config

from .detection_metrics import drawn_samples, seconds
from .leaf import write_leaf
from .memory import peak_growth_mb, resident_mb
from .record import Case, Figure, Settings
from .synthetic import tinted
from .timing import Block, growth_exponent, interleave, now, summary

ROUNDS = 3
BATCH = 64
SIDE = 32  # pixels
CHUNK = 10_000  # images written at a time
LINEAR = 1.1  # an exponent up to this is linear: 12.6 times the cost for ten times the size
SMALL_MB = 20.  # less than that is not told apart: the allocator's pages and imports
RESIDENT_MB = 100  # that a hundredfold data set may add
_DETECTOR = 'yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'


def run(settings: Settings, told: Callable[..., None], done: Callable[[Case], None]) -> None:
    """Grow images, then classes, then boxes."""
    if not torch.cuda.is_available():
        keep_freed_memory()  # as our Runner does
    for case in (images_case, loader_classes_case, report_classes_case, target_boxes_case,
                 metric_boxes_case):
        done(case(settings, told))


def grown(case: Case, blocks: dict[int, Block], settings: Settings,
          told: Callable[..., None]) -> Case:
    """Measure the memory and the time of blocks, named by their size, and how both grow.

    The last tenfold decides: where sizes are small, what does not grow hides what does.
    """
    memory = {size: peak_growth_mb(block) for size, block in blocks.items()}
    case = grown_time(case, blocks, settings, told)
    if None not in memory.values():
        case.facts['MB at the most'] = {f'{size:,}': round(mb, 1) for size, mb in memory.items()}
        case.figures.append(Figure(
            f'exponent of memory above {SMALL_MB:g} MB, last tenfold', growth_exponent(
                list(memory)[-2:], [max(mb, SMALL_MB) for mb in memory.values()][-2:]),
            LINEAR, at_least=False))
    return case


def grown_time(case: Case, blocks: dict[int, Block], settings: Settings,
               told: Callable[..., None]) -> Case:
    """Time the blocks, named by their size, and add the exponents of their growth."""
    names = {f'{size:,}': size for size in blocks}
    case.samples = interleave({name: blocks[size] for name, size in names.items()},
                              settings.rounds or settings.pick(ROUNDS, 1), told)
    medians = [summary(case.samples[name])['median'] for name in names]
    sizes = list(blocks)
    case.figures[:0] = [
        Figure('exponent of seconds, last tenfold', growth_exponent(sizes[-2:], medians[-2:]),
               LINEAR, at_least=False),
        Figure('exponent of seconds, all sizes', growth_exponent(sizes, medians))]
    return case


def images_case(settings: Settings, told: Callable[..., None]) -> Case:
    """Epochs of a memory-mapped data set, shuffled, whole batches of 64."""
    sizes = settings.pick((10_000, 100_000, 1_000_000), (1_000, 10_000, 100_000))
    case = Case('images', f'an epoch of ArrayDataset on a memory-mapped file, {SIDE} px, shuffled, '
                f'batch {BATCH}; resident memory is anonymous memory (RssAnon), without pages of '
                'the mapped file')
    path = write_array(settings.folder / 'images.npy', sizes[-1])
    loaders = {size: mapped_loader(path, size, classes=10) for size in sizes}
    memory = {size: resident_growth(loader) for size, loader in loaders.items()}
    if None not in memory.values():
        case.facts['MB that an epoch adds'] = {f'{size:,}': round(mb, 1)
                                              for size, mb in memory.items()}
        case.figures.append(Figure('MB more for the largest than for the smallest',
                                   memory[sizes[-1]] - memory[sizes[0]], RESIDENT_MB,
                                   at_least=False))
    case = grown_time(case, {size: lambda loader=loader: epoch(loader)
                             for size, loader in loaders.items()}, settings, told)
    case.facts['images/s'] = {f'{size:,}': round(size / summary(case.samples[f'{size:,}'])[
        'median']) for size in sizes}
    path.unlink()
    return case


def write_array(path: Path, images: int) -> Path:
    """Write a ``.npy`` file as the cache of decoded images has it: uint8, N x 3 x 32 x 32.

    Raises:
        OSError: The disk has no room for it; a full one would kill the process later on.
    """
    needed, free = images * 3 * SIDE * SIDE, shutil.disk_usage(path.parent).free
    if needed > 0.9 * free:
        raise OSError(f'{path.parent}: {needed / 1e9:.1f} GB needed for {images:,} images, '
                      f'{free / 1e9:.1f} GB free; make room, set TMPDIR to another disk, or give '
                      '--quick')
    array = np.lib.format.open_memmap(path, 'w+', np.uint8, (images, 3, SIDE, SIDE))
    rng = np.random.default_rng(0)
    chunk = tinted(rng, np.arange(min(CHUNK, images)) % 10, 10, SIDE)
    for start in range(0, images, CHUNK):
        part = array[start:start + CHUNK]
        part[:] = chunk[:len(part)]
    array.flush()
    return path


def mapped_loader(path: Path, images: int, classes: int) -> DataLoader:
    """The first images of a file in a loader as the configs have it."""
    source = ImageArray(
        np.load(path, mmap_mode='r')[:images], np.arange(images) % classes,
        tuple(f'class{number}' for number in range(classes)), fingerprint='synthetic')
    return Runner.build_dataloader(dict(
        batch_size=BATCH, num_workers=0, dataset=ArrayDataset(source),
        sampler=dict(type='DefaultSampler', shuffle=True),
        collate_fn=dict(type='batch_collate')), seed=0)


def epoch(loader: DataLoader) -> float:
    """Seconds to take every batch."""
    start = now()
    for _ in loader:
        pass
    return now() - start


def resident_growth(loader: DataLoader) -> float | None:
    """MB of anonymous memory that an epoch has at its largest beyond what there was before."""
    before = resident_mb()
    if before is None:
        return None
    return max(resident_mb() for number, _ in enumerate(loader) if number % 20 == 0) - before


def loader_classes_case(settings: Settings, told: Callable[..., None]) -> Case:
    """Epochs of as many images in more and more classes."""
    images = settings.pick(50_000, 5_000)
    path = write_array(settings.folder / 'classes.npy', images)
    case = Case('classes, loader', f'an epoch of {images:,} images in 10, 100 and 1 000 classes')
    loaders = {classes: mapped_loader(path, images, classes) for classes in (10, 100, 1000)}
    return grown(case, {classes: lambda loader=loader: epoch(loader)
                        for classes, loader in loaders.items()}, settings, told)


def report_classes_case(settings: Settings, told: Callable[..., None]) -> Case:
    """ClassReport on as many images in more and more classes."""
    images = settings.pick(50_000, 5_000)
    case = Case('classes, report', f'ClassReport on {images:,} images of 10, 100, 1 000 classes')
    truth = torch.from_numpy(np.random.default_rng(0).permutation(images))
    guess = torch.from_numpy(np.random.default_rng(1).permutation(images))

    def block(classes: int) -> Block:
        samples = [dict(gt_label=(a % classes)[None], pred_label=(b % classes)[None])
                   for a, b in zip(truth, guess, strict=True)]
        return lambda: report(samples, classes)
    # imports scikit-learn
    report([dict(gt_label=torch.tensor([n]), pred_label=torch.tensor([n])) for n in (0, 1)], 2)
    return grown(case, {classes: block(classes) for classes in (10, 100, 1000)}, settings, told)


def report(samples: Sequence[dict], classes: int) -> float:
    """Seconds of ClassReport, in batches of 256."""
    metric = ClassReport()
    metric.dataset_meta = dict(classes=[f'class{number}' for number in range(classes)])
    start = now()
    for first in range(0, len(samples), 256):
        metric.process({}, samples[first:first + 256])
    metric.evaluate(len(samples))
    return now() - start


def target_boxes_case(settings: Settings, told: Callable[..., None]) -> Case:
    """Targets and losses of the YOLOv3 head for more and more boxes in an image."""
    height, width, batch = 192, 640, settings.pick(4, 1)
    case = Case('boxes, head', f'targets and losses of KittiYOLOV3Head, {width}x{height}, {batch} '
                'images of 10, 100, 1 000 boxes, none of them ignored')
    cfg = load_config(write_leaf(settings.folder / 'head.py', _DETECTOR))
    init_default_scope('mmdet')
    head = MODELS.build(dict(cfg.model.bbox_head, train_cfg=cfg.model.train_cfg,
                             test_cfg=cfg.model.test_cfg))
    maps = [torch.zeros(batch, 18, height // stride, width // stride) for stride in (32, 16, 8)]
    rng = np.random.default_rng(0)

    def block(boxes: int) -> Block:
        corner = rng.uniform(0, (width - 90, height - 70), (batch, boxes, 2))
        both = np.concatenate([corner, corner + rng.uniform(8, (90, 70), corner.shape)], 2)
        truth = [InstanceData(bboxes=torch.from_numpy(own).float(),
                              labels=torch.zeros(boxes, dtype=torch.long)) for own in both]

        def losses() -> float:
            start = now()
            head.loss_by_feat(maps, truth, [])
            return now() - start
        return losses
    return grown(case, {boxes: block(boxes) for boxes in (10, 100, 1000)}, settings, told)


def metric_boxes_case(settings: Settings, told: Callable[..., None]) -> Case:
    """All metrics of a detector's test for more and more objects in an image."""
    images = settings.pick(20, 5)
    sizes = settings.pick((10, 100, 1000), (5, 50))
    case = Case('boxes, metrics', f'CocoBoxMetric, DetectionMetric and KittiMetric on {images} '
                f'images of {", ".join(map(str, sizes))} objects and 100 detections, the most that '
                'a model gives')
    samples = {objects: drawn_samples(images, objects, detections=100) for objects in sizes}
    return grown(case, {objects: lambda own=own: seconds(own)
                        for objects, own in samples.items()}, settings, told)
