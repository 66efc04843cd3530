"""C5: how good is one linear layer on Inception v3's ImageNet features?

Reported (validation): 70; its log shows 2 epochs, in 36 min. The whole network has 92 (C6).
Assumed: CIFAR-10, whose ten class names the report shows; only the last linear layer is trained;
momentum 0.9, no weight decay; a tenth of the rate after every 10 epochs; batch 128; 299 px, inputs
from -1 to 1, no augmentation; Inception's own dropout 0.5 stays active.
Frozen BatchNorm uses its stored statistics (with requires_grad=False alone, which the report
probably used, it would normalise by batch statistics and keep updating its running ones).
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run. For per-class accuracy on the training images, run
tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/inception_v3/inception_v3_frozen_1xb128-30e_cifar10-299px.py
"""
_base_ = './inception_v3_scratch_1xb128-30e_cifar10-299px.py'

model = dict(
    trainable=['head'],
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google')))
