"""Augmentation of whole batches on their device, with random parameters per image.

mmpretrain and mmcv augment single images in CPU workers, and batches only by
mixup and its variants.
"""
from .color import ColorJitter, build_color
from .geometry import (
    CenterCrop,
    Geometry,
    RandomAffine,
    RandomCrop,
    RandomFlip,
    Randomness,
    RandomRotation,
    Resize,
)
from .keras import RandomShear, RandomShift, RandomZoom
from .resample import STEPS, BatchGeometry

__all__ = [
    'STEPS', 'BatchGeometry', 'CenterCrop', 'ColorJitter', 'Geometry', 'RandomAffine',
    'RandomCrop', 'RandomFlip', 'RandomRotation', 'RandomShear', 'RandomShift', 'RandomZoom',
    'Randomness', 'Resize', 'build_color'
]
