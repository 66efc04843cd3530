"""Augmentation of whole batches on their device, with randomness per image.

Upstream (mmpretrain, mmcv) augments one image at a time in CPU workers; its
only batch augmentations are mixup-like.
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
