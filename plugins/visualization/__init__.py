"""Draw pictures, predictions and records.

Pictures, given and returned, are RGB, uint8, H x W x 3; charts are matplotlib figures.
Importing this package imports neither mmdet nor mmpretrain; of its modules, those that draw a
detector's ground truth (``outcomes``, ``comparison``, ``scenes``) import ``plugins.detection``.
"""
