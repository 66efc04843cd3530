"""C5: how good is one linear layer on Inception v3's ImageNet features?

Reported (validation): 70; its log shows 2 epochs, in 36 min. The whole network has 92 (C6).
Assumed: momentum 0.9, no weight decay; a tenth of the rate after every 10 epochs; batch 128;
299 px, inputs from -1 to 1, no augmentation; frozen BatchNorm
evaluates (PyTorch's requires_grad=False, which the report will have used, leaves it normalising by
the batch and moving its statistics); Inception's own dropout 0.5 stays active on frozen features.
A tenth of the training files validates: see "Validation" in configs/alexnet/README.md.
A stopped run goes on with --resume. Accuracy by class on the training images: --part train of
tools/test.py.

    python tools/train.py configs/inception_v3/inception_v3_frozen_1xb128-30e_cifar10-299px.py
"""
_base_ = './inception_v3_scratch_1xb128-30e_cifar10-299px.py'

model = dict(
    trainable=['head'],
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://inception_v3_google')))
