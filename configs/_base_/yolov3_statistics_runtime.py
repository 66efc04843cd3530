"""Runtime of rows A13 to A16: once an epoch of 67 batches, row A15's table for one batch."""
_base_ = './detection_runtime.py'

default_hooks = dict(statistics=dict(type='YOLOStatisticsHook', interval=67))
