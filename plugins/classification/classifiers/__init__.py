"""Classifiers that mmpretrain does not have."""
from .flip_tta import FlipTTA
from .transfer_classifier import TransferClassifier

__all__ = ['FlipTTA', 'TransferClassifier']
