"""C7: how good is one linear layer on ResNet152's ImageNet features?

Reported (validation): 45, in 1 h 18; the whole network from scratch has 75 (C8).
Assumed: CIFAR-10, whose ten class names the report shows; only the last linear layer is trained;
momentum 0.9, no weight decay; a tenth of the rate after every 10 epochs; batch 128; 224 px,
ImageNet's mean and std, no augmentation; frozen BatchNorm uses its stored statistics (with
requires_grad=False alone, which the report probably used, it would normalise by batch statistics
and keep updating its running ones).
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run. For per-class accuracy on the training images, run
tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/resnet/resnet152_frozen_1xb128-30e_cifar10-224px.py
"""
_base_ = './resnet152_scratch_1xb128-30e_cifar10-224px.py'

model = dict(
    trainable=['head'],
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet152')))
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
