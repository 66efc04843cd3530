"""B7: does dropout 0.2 before both dense layers keep the deep network from overfitting?

Reported (test): loss 1.5573, accuracy 52.68.
Assumed: as B6 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); from here on the
dense layer of 50 has BatchNorm (the report's layer table).

    python tools/train.py configs/basenet/basenet-deep-dropout_scratch_1xb32-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_deep.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=32)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
