"""Backbones that mmpretrain does not have."""
from .basenet import BaseNet

__all__ = ['BaseNet']
