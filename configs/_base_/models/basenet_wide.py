"""BaseNet's wide variant (row B10): 32 and 64 filters, a dense layer of 512, more dropout."""
_base_ = './basenet_augmented.py'

model = dict(
    backbone=dict(arch='wide', norm=True),
    head=dict(
        in_channels=4096, mid_channels=[512], dropouts=[0.25, 0.5],
        norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01)))
