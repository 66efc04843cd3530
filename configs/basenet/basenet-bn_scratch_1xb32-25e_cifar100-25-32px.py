"""B5: does BatchNorm after each convolution, before ReLU, help so small a network?

Reported (test): loss 1.6722, accuracy 49.96.
Assumed: as B4 (batch 32, `ImageDataGenerator.flow`'s default; B1 and B2 have 64); BatchNorm with
Keras's constants (epsilon 1e-3, momentum 0.99).

    python tools/train.py configs/basenet/basenet-bn_scratch_1xb32-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_augmented.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
model = dict(backbone=dict(norm=True))
train_dataloader = dict(batch_size=32)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
