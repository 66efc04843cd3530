"""BaseNet's deep variant as the report's table of rows B7 and B8 has it, with dropout 0.2."""
_base_ = './basenet_augmented.py'

model = dict(
    backbone=dict(arch='deep', norm=True),
    head=dict(dropouts=[0.2, 0.2], norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01)))
