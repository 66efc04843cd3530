"""B2: does Adam do better than SGD on the same network?

Reported (test): loss 1.9802, accuracy 45.12.
Assumed: as B1; Adam with Keras's defaults (lr 1e-3, epsilon 1e-7).

    python tools/train.py configs/basenet/basenet-adam_scratch_1xb64-25e_cifar100-25-32px.py
"""
_base_ = [
    '../_base_/models/basenet.py', '../_base_/datasets/cifar100_25.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
