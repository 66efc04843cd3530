"""Necks that mmpretrain does not have."""
from .adaptive_pool import AdaptivePoolNeck
from .conv_neck import ConvNeck

__all__ = ['AdaptivePoolNeck', 'ConvNeck']
