"""Losses that mmpretrain does not have."""
from .nll_loss import NLLLoss

__all__ = ['NLLLoss']
