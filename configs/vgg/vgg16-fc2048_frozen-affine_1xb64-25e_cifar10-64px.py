"""A7 without rotation, flip and crop: do zoom, shear and colour changes alone help at 64 px?

Reported: nothing; the report's "more augmentation" is read as these steps on top of the others.
Otherwise as A7.
Affine is bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16-fc2048_frozen-affine_1xb64-25e_cifar10-64px.py
"""
_base_ = './vgg16-fc2048_frozen-aug_1xb64-25e_cifar10-64px.py'

model = dict(data_preprocessor=_base_.affine_64px)
