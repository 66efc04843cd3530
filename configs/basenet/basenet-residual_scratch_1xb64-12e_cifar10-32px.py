"""How well does report B's residual BaseNet (row B11) do on the whole of CIFAR-10?

Reported: nothing; the report trains it on CIFAR-100 only. Our result is in results.csv.
A cosine learning rate schedule over 12 epochs replaces B11's early stopping, a batch of
64 its 32.

    python tools/train.py configs/basenet/basenet-residual_scratch_1xb64-12e_cifar10-32px.py
"""
_base_ = [
    '../_base_/models/basenet_residual.py', '../_base_/datasets/cifar10.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(num_classes=10))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=12)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
