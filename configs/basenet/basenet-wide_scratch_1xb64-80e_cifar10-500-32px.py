"""Row B10's recipe on CIFAR-10: does width help there, too?

One step of the ladder B1 to B11. Reported: nothing; the report uses 25 classes of CIFAR-100. As
there, each class has 500 images for training and validation. Here a batch has 64 in all steps; in
the rows from B3 on it is assumed to have 32. Our result is in results.csv.

    python tools/train.py configs/basenet/basenet-wide_scratch_1xb64-80e_cifar10-500-32px.py
"""
_base_ = [
    '../_base_/models/basenet_wide.py', '../_base_/datasets/cifar10_500.py',
    '../_base_/schedules/adam_keras.py', '../_base_/early_stop_runtime.py'
]
model = dict(head=dict(num_classes=10))
train_cfg = dict(max_epochs=80)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
