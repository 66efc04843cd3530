"""B11: what do normalisation, augmentation, BatchNorm, width and residual units add up to?

Reported (test): loss 0.8284, accuracy 74.52.
Assumed: early stopping and the best weights go by validation accuracy alone (the report also
watches the loss), patience 10; Adam as in B2; fill by the nearest pixel, which is Keras's default.

    python tools/train.py configs/basenet/basenet-residual_scratch_1xb64-80e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet_residual.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
train_cfg = dict(max_epochs=80)
default_hooks = dict(
    normalization=dict(type='FitNormalizationHook'),
    # An equal score is no improvement: upstream counts it as one when min_delta is 0.
    early_stopping=dict(
        type='EarlyStoppingHook', monitor='accuracy/top1', rule='greater', patience=10,
        min_delta=1e-4, strict=True))
