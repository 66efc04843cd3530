"""B11: what do residual units add to normalisation, augmentation, BatchNorm and width?

Reported (test): loss 0.8284, accuracy 74.52.
Assumed: as B10 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); the report
stopped it later than B10 but does not say at which epoch.

    python tools/train.py configs/basenet/basenet-residual_scratch_1xb32-80e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_residual.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/early_stop_runtime.py'
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=80)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
