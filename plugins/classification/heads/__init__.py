"""Heads that mmpretrain does not have."""
from .mlp_head import MLPClsHead

__all__ = ['MLPClsHead']
