"""Metrics that mmpretrain does not have."""
from .class_report import ClassReport
from .mean_loss import MeanLoss

__all__ = ['ClassReport', 'MeanLoss']
