"""Backbones that mmpretrain does not have."""
from .basenet import BaseNet
from .inception_v3 import InceptionV3Features
from .truncated_densenet import TruncatedDenseNet

__all__ = ['BaseNet', 'InceptionV3Features', 'TruncatedDenseNet']
