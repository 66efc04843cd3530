"""Training a detector: ours, stock mmdet and a bare loop; rectangles, letterboxes, evaluation."""
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tools.misc.make_sample_data import main as make_sample_data

from .detection_metrics import metrics_case
from .detectors import Contest, Recipe
from .record import Case, Settings
from .stock import WORKERS
from .timing import interleave

ROUNDS = 3
KITTI_WIDTH = 1242  # pixels, KITTI's own
_DARKNET = 'yolov3/yolov3_d53-mmdet-loss_scratch_1xb6-200e_kitti-car-416px.py'
_LIGHT = 'yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'


def pipeline(width: int, height: int, *more: dict[str, Any]) -> list[dict[str, Any]]:
    """Load, fit into width x height, what ``more`` says, mirror half of the images."""
    return [dict(type='LoadCachedImage'), dict(type='LoadAnnotations', with_bbox=True),
            dict(type='Resize', scale=(width, height), keep_ratio=True), *more,
            dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]


def recipes(quick: bool) -> list[Recipe]:
    """The trainings that are compared with stock mmdet."""
    if quick:
        return [Recipe('mobilenetv2-320x96', 'YOLOv3-MobileNetV2, 320x96, batch 2, flip; ours and '
                       'bare with mixed precision, stock in float32', _LIGHT, pipeline(320, 96),
                       1, 3, batch=2)]
    return [
        Recipe('darknet53-640x192', 'YOLOv3-Darknet-53, 640x192, batch 4, flip; ours and bare with '
               'mixed precision, stock in float32', _DARKNET, pipeline(640, 192), 1, 3),
        Recipe('mobilenetv2-640x192', 'YOLOv3-MobileNetV2, 640x192, batch 4, flip; ours and bare '
               'with mixed precision, stock in float32', _LIGHT, pipeline(640, 192), 2, 8)]


TARGETS = {'darknet53-640x192': 1.8}


def run(settings: Settings, told: Callable[..., None], done: Callable[[Case], None]) -> None:
    """Measure every case; ``done`` gets each as soon as it is finished."""
    images = settings.pick(60, 16)
    width = settings.pick(KITTI_WIDTH, KITTI_WIDTH // 2)
    make_sample_data([str(settings.folder), '--sets', 'kitti', '--size', f'kitti={images}',
                      '--kitti-width', str(width)])
    data = settings.folder / 'kitti'
    rounds = settings.rounds or settings.pick(ROUNDS, 1)
    for recipe in recipes(settings.quick):
        done(measure(recipe, settings, data, rounds, told))
    done(rectangle_case(settings, data, rounds, told))
    done(metrics_case(settings, told))


def measure(recipe: Recipe, settings: Settings, data: Path, rounds: int,
            told: Callable[..., None]) -> Case:
    """Check that the three train alike, time them in turns, and split ours."""
    contest = Contest(recipe, settings, data)
    case = Case(recipe.name, recipe.what, images=recipe.batch)
    case.checks = contest.check()
    blocks = contest.blocks(_workers(settings))
    case.samples = interleave(blocks, rounds, told)
    case.split = blocks['ours'].split()
    case.facts = contest.facts()
    case.compare('ours', ['bare'], 'ours / bare')
    case.compare('ours', [name for name in blocks if name.startswith('stock')], 'ours / stock',
                 TARGETS.get(recipe.name))
    return case


def _workers(settings: Settings) -> Sequence[int]:
    return settings.pick(WORKERS, WORKERS[:1])


def rectangle_case(settings: Settings, data: Path, rounds: int,
                   told: Callable[..., None]) -> Case:
    """A 416x128 rectangle against report A's 416x416 letterbox, both ours with mixed precision."""
    base, name = settings.pick((_DARKNET, 'Darknet-53'), (_LIGHT, 'MobileNetV2'))
    case = Case('rectangle', f'YOLOv3-{name}, batch 4, flip, mixed precision; the same content as '
                '416x128 rectangles and as 416x416 letterboxes', images=4)
    pad = dict(type='Pad', size=(416, 416))
    steps = settings.pick((1, 3), (1, 1))
    shapes = {'416x128 rectangle': pipeline(416, 128), '416x416 letterbox': pipeline(416, 416, pad)}
    blocks = {shape: Contest(Recipe(shape, '', base, transforms, *steps), settings, data).ours()
              for shape, transforms in shapes.items()}
    case.samples = interleave(blocks, rounds, told)
    case.compare('416x128 rectangle', ['416x416 letterbox'], 'rectangle / letterbox', 2.5)
    return case
