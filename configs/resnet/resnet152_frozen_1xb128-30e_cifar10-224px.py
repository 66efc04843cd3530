"""C7: how good is one linear layer on ResNet152's ImageNet features?

Reported (validation): 45, in 1 h 18; the whole network from scratch has 75 (C8).
Assumed: momentum 0.9, no weight decay; a tenth of the rate after every 10 epochs; batch 128;
224 px, ImageNet's mean and std, no augmentation; frozen BatchNorm
evaluates (PyTorch's requires_grad=False, which the report will have used, leaves it normalising by
the batch and moving its statistics).
A tenth of the training files validates: see "Validation" in configs/alexnet/README.md.
A stopped run goes on with --resume. Accuracy by class on the training images: --part train of
tools/test.py.

    python tools/train.py configs/resnet/resnet152_frozen_1xb128-30e_cifar10-224px.py
"""
_base_ = './resnet152_scratch_1xb128-30e_cifar10-224px.py'

model = dict(
    trainable=['head'],
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet152')))
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
