"""Look at what trained models do: run them on pictures, and draw what they say.

Importing this package imports neither mmdet nor mmpretrain, nor do the
modules that draw: they take arrays. ``trained_model`` loads a model,
``classify`` and ``detect`` run one, ``inputs`` reads pictures and videos,
``outcomes`` marks detections against ground truth (``marks``), ``classification``,
``detections`` and ``comparison`` draw (RGB, uint8, H x W x 3).
"""
