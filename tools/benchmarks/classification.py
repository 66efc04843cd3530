"""Training a classifier: ours, stock mmpretrain and a bare loop, and two processes against one."""
from collections.abc import Callable

from .classifiers import Contest, Recipe
from .record import Case, Settings
from .scaling import scaling_case
from .stock import FLIP, FLOAT, NUMPY, PIL, WORKERS
from .timing import interleave

ROUNDS = 5
_BASENET = 'basenet/basenet-aug_scratch_1xb64-25e_cifar10-500-32px.py'
_RESNET = 'resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py'
_FROM_SCRATCH = dict(backbone=dict(init_cfg=None))
_TO_64 = [dict(type='Resize', size=(64, 64))]
_TO_224 = [dict(type='Resize', size=(224, 224))]


def recipes(quick: bool) -> list[Recipe]:
    """What is measured: row B4's BaseNet, ResNet18 at 64 px, ResNet18 as rows A8 to A12 train it.

    torchvision's RandomAffine, which mmpretrain offers as ``torchvision/RandomAffine``, is the
    nearest to Keras's recipe that stock has: its zoom is the same along both axes, and outside of
    the image it shows black. Each of its transforms resamples once more; ours and bare, once.
    """
    few = (1, 3) if quick else None
    return [
        Recipe(
            'basenet-32px', 'BaseNet B4, CIFAR-10 500 a class, 32 px, batch 64, float32; '
            'flip, zoom 0.2, shifts 0.1, rotation 20 degrees', _BASENET,
            [PIL, dict(type='torchvision/RandomAffine', degrees=20, translate=(0.1, 0.1),
                       scale=(0.8, 1.2), interpolation='bilinear'), NUMPY, FLIP],
            *((4, 40) if quick else (10, 150)),
            # all of the drawn images: the row takes 500 of each class
            changes={f'{name}_dataloader': dict(dataset=dict(source=dict(max_per_class=100_000)))
                     for name in ('train', 'val')}),
        Recipe(
            'resnet18-64px', 'ResNet18, 64 px, batch 64, no augmentation; ours and bare with '
            'mixed precision, stock in float32', _RESNET,
            [dict(type='Resize', scale=(64, 64))], *(few or (2, 8)),
            changes=dict(model=dict(_FROM_SCRATCH, data_preprocessor=dict(
                input_size=(64, 64), train_geometry=_TO_64, eval_geometry=_TO_64, color=[]))),
            plain=_TO_64, stock_plain=[FLOAT, dict(type='Resize', scale=(64, 64))],
            amp=True, check_steps=2, tolerance=1e-3),
        Recipe(
            'resnet18-224px', 'ResNet18 A9, 224 px, batch 64, aug-A+ (rotation, flip, padded crop, '
            'shear, zoom, colour); ours and bare with mixed precision, stock in float32', _RESNET,
            [dict(type='Resize', scale=(224, 224)), PIL,
             dict(type='torchvision/RandomRotation', degrees=5, interpolation='bilinear'), NUMPY,
             FLIP, dict(type='RandomCrop', crop_size=224, padding=10), PIL,
             dict(type='torchvision/RandomAffine', degrees=0, shear=10, scale=(0.8, 1.2),
                  interpolation='bilinear'), NUMPY,
             dict(type='ColorJitter', brightness=0.2, contrast=0.2, saturation=0.2)],
            1, 2, changes=dict(model=_FROM_SCRATCH),
            plain=_TO_224, stock_plain=[FLOAT, dict(type='Resize', scale=(224, 224))],
            amp=True, check_steps=2, tolerance=1e-3)]


TARGETS = {'basenet-32px': dict(bare=0.95, stock=2.5), 'resnet18-64px': dict(bare=None, stock=1.3),
           'resnet18-224px': dict(bare=None, stock=2.2)}


def measure(recipe: Recipe, settings: Settings, told: Callable[..., None]) -> Case:
    """Check that the three train alike, time them in turns, and split ours."""
    contest = Contest(recipe, settings)
    case = Case(recipe.name, recipe.what, images=contest.batch)
    case.checks = contest.check()
    blocks = contest.blocks(WORKERS)
    case.samples = interleave(blocks, settings.rounds or settings.pick(ROUNDS, 2), told)
    case.split = blocks['ours'].split()
    case.facts = contest.facts()
    targets = TARGETS[recipe.name]
    case.compare('ours', ['bare'], 'ours / bare', targets['bare'])
    case.compare('ours', [name for name in blocks if name.startswith('stock')], 'ours / stock',
                 targets['stock'])
    return case


def run(settings: Settings, told: Callable[..., None], done: Callable[[Case], None]) -> None:
    """Measure every case; ``done`` gets each as soon as it is finished."""
    chosen = recipes(settings.quick)
    for recipe in chosen[:1] if settings.quick else chosen:
        done(measure(recipe, settings, told))
    done(scaling_case(settings, told))
