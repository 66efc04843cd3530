"""A7: does more augmentation win back what A6 loses at 64 px?

Reported (test): mCA 73.92, in 30 min; A6 has 71.34.
Assumed: 25 epochs and lr 0.05 as in A6 (momentum 0.9, no weight decay, factor 0.1, patience 10);
"more" means that the rotation, flip and crop of A4 stay (its padding of 10 pixels, too) and zoom,
shear and colour come on top: shear 10 degrees, scale 0.8 to 1.2 and colour 0.2 as in A8.
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16-fc2048_frozen-aug_1xb64-25e_cifar10-64px.py
"""
_base_ = './vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py'

model = dict(data_preprocessor=_base_.aug_a_plus_64px)
default_hooks = dict(feature_cache=dict(enabled=False))  # each epoch shows new views
