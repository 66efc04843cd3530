"""B13: do two hidden layers behind dropout 0.4 use the same features better?

Reported (test): loss 2.3404, accuracy 44.94.
Assumed: as B12; BatchNorm with Keras's constants.

    python tools/train.py configs/resnet/resnet50-fc1024-512_frozen_1xb64-25e_cub200-224px.py
"""
_base_ = './resnet50_frozen_1xb64-25e_cub200-224px.py'
model = dict(head=dict(
    mid_channels=[1024, 512], dropouts=[0.4, 0.4, 0.],
    norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01)))
