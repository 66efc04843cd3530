"""A7: do zoom, shear and colour changes win back what A6 loses at 64 px?

Reported (test): mCA 73.92, in 30 min; A6 has 71.34.
Assumed: 25 epochs and lr 0.05 as in A6 (momentum 0.9, no weight decay, factor 0.1, patience 10);
shear 10 degrees, scale 0.8 to 1.2 and colour 0.2 as in A8; no rotation, flip or crop.
Affine is bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16-fc2048_frozen-affine_1xb64-25e_cifar10-64px.py
"""
_base_ = './vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py'

model = dict(data_preprocessor=_base_.affine_64px)
default_hooks = dict(feature_cache=dict(enabled=False))  # each epoch shows new views
