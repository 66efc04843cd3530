"""A6: how much accuracy do 64 px cost A4, and how much time do they save?

Reported (test): mCA 71.34, in 22 min; A4 has 88.44 in 2 h.
Assumed: 25 epochs; no augmentation; as A4 otherwise (momentum 0.9, no weight decay, factor 0.1,
patience 10).

    python tools/train.py configs/vgg/vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py
"""
_base_ = './vgg16-fc2048_frozen_1xb64-25e_cifar10-224px.py'

model = dict(data_preprocessor=_base_.plain_64px)
optim_wrapper = dict(optimizer=dict(lr=0.05))
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
