"""B4: how much overfitting does augmentation take away?

Added: horizontal flip, zoom 0.2, shifts 0.1, rotation 20 degrees.
Reported (test): loss 1.6989, accuracy 50.12.
Assumed: as B3 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); areas outside
the image take the nearest pixel, Keras's default.

    python tools/train.py configs/basenet/basenet-aug_scratch_1xb32-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_augmented.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=32)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
