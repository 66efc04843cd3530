"""B8: does dropout need only more epochs: up to 80, until nothing improves for 10?

Reported (test): loss 1.3192, accuracy 59.64; stopped at epoch 57.
Assumed: as B7 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); validation loss
and accuracy are monitored separately, and the run ends when either has not improved for 10 epochs;
the weights of the best accuracy are restored.

    python tools/train.py configs/basenet/basenet-deep-dropout_scratch_1xb32-80e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_deep.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/early_stop_runtime.py'
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=80)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
