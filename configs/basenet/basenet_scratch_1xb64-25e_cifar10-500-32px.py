"""Row B1's recipe on CIFAR-10: how far does plain SGD get there, too?

One step of the ladder B1 to B11. Reported: nothing; the report uses 25 classes of CIFAR-100. As
there, each class has 500 images for training and validation. Our result is in results.csv.

    python tools/train.py configs/basenet/basenet_scratch_1xb64-25e_cifar10-500-32px.py
"""
_base_ = [
    '../_base_/models/basenet.py', '../_base_/datasets/cifar10_500.py',
    '../_base_/schedules/sgd_keras.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(num_classes=10))
