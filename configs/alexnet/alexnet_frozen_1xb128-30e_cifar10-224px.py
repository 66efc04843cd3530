"""C1: how good is one linear layer on AlexNet's ImageNet features?

Reported (validation): 60, in 1 h 02; the whole network from scratch has 85 (C2).
Assumed: CIFAR-10, whose ten class names the report shows; only the last linear layer is trained;
momentum 0.9, no weight decay; a tenth of the rate after every 10 epochs; batch 128; 224 px,
ImageNet's mean and std, no augmentation.
Dropout stays active before the frozen hidden layers.
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run. For per-class accuracy on the training images, run
tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/alexnet/alexnet_frozen_1xb128-30e_cifar10-224px.py
"""
_base_ = './alexnet_scratch_1xb128-30e_cifar10-224px.py'

model = dict(
    trainable=['head.layers.2'],
    init_cfg=[dict(type='Pretrained', checkpoint='torchvision://alexnet')])
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
