"""Draw pictures and what models say of them (RGB, uint8, H x W x 3).

Importing this package imports neither mmdet nor mmpretrain, nor do the
modules that draw: they take arrays. ``inputs`` reads pictures and videos,
``outcomes`` marks detections against ground truth (``marks``), ``classification``,
``detections`` and ``comparison`` draw.
"""
