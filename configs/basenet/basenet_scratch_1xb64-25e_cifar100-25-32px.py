"""B1: how far does a five-layer network get on 25 classes of CIFAR-100, by plain SGD?

Reported (test): loss 2.3231, accuracy 44.16.
Assumed: fine labels 0 to 24 (the report says "25 of the 100 classes"); pixels scaled to [0, 1],
since the report normalises only from row B3 on.

    python tools/train.py configs/basenet/basenet_scratch_1xb64-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/sgd_keras.py', '../_base_/classification_runtime.py'
]
