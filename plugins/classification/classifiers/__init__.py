"""Classifiers that mmpretrain does not have."""
from .transfer_classifier import TransferClassifier

__all__ = ['TransferClassifier']
