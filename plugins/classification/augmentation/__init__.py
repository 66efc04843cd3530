"""Augmentation of whole batches on their device, with random parameters per image.

mmpretrain and mmcv augment single images in CPU workers, and batches only by
mixup and its variants.
"""
from .color import build_color
from .resample import STEPS, BatchGeometry

__all__ = ['STEPS', 'BatchGeometry', 'build_color']
