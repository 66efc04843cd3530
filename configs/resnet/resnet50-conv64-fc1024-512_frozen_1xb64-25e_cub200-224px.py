"""B14: is a learnt 3x3 convolution better than average pooling in front of B13's layers?

Reported (test): loss 2.5780, accuracy 38.11.
Assumed: as B13; the convolution is padded, since its output is 7x7.

    python tools/train.py configs/resnet/resnet50-conv64-fc1024-512_frozen_1xb64-25e_cub200-224px.py
"""
_base_ = './resnet50-fc1024-512_frozen_1xb64-25e_cub200-224px.py'
model = dict(
    neck=dict(
        _delete_=True, type='ConvNeck', in_channels=2048, out_channels=64,
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01),
        init_cfg=dict(type='Xavier', layer='Conv2d', distribution='uniform')),
    head=dict(in_channels=64 * 7 * 7),
    trainable=['neck', 'head'])
