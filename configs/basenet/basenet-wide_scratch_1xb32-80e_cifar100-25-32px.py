"""B10: how far do 32 and 64 filters, three convolutions a stage and a dense layer of 512 get?

Reported (test): loss 0.9593, accuracy 70.28; stopped before epoch 40.
Assumed: as B8 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); dropout 0.25
before the first dense layer, 0.5 before the second.

    python tools/train.py configs/basenet/basenet-wide_scratch_1xb32-80e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_wide.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/early_stop_runtime.py'
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=80)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
