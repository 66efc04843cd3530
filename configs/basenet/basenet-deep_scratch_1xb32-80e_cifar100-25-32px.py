"""B9: is dropout of use at all, once there are epochs enough?

Reported (test): loss 1.2524, accuracy 61.40; all 80 epochs ran.
Assumed: as B8 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64) without either
dropout; the dense layer keeps its BatchNorm.

    python tools/train.py configs/basenet/basenet-deep_scratch_1xb32-80e_cifar100-25-32px.py
"""
_base_ = './basenet-deep-dropout_scratch_1xb32-80e_cifar100-25-32px.py'
model = dict(head=dict(dropouts=[0., 0.]))
