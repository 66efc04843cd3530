"""B6: what does depth bring, a 3x3 convolution of four times the filters before each pooling?

A 1x1 convolution then narrows 64 channels to the 16 that the dense layer had before.
Reported (test): loss 1.4685, accuracy 55.24.
Assumed: as B5 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); BatchNorm
follows the new convolutions too, but not the dense layer, where it first appears in the report's
table of the final model, B7 and B8.

    python tools/train.py configs/basenet/basenet-deep_scratch_1xb32-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_deep.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(norm_cfg=None, dropouts=[0., 0.]))
train_dataloader = dict(batch_size=32)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
