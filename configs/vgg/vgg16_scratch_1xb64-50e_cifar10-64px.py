"""A1: how far does VGG16 get on CIFAR-10 from random weights, without augmentation?

Reported (test): accuracy 84.75, mCA 84.76, in 3 h 05.
Assumed: momentum 0.9, no weight decay; plateau with factor 0.1 and patience 10; torchvision's
VGG16 (dropout 0.5, no BatchNorm); a tenth of the training files, chosen by seed, validates.
The report tests on 944 to 1 035 images per class, so probably on 10 000 chosen at random; here the
official test files, 1 000 per class.

    python tools/train.py configs/vgg/vgg16_scratch_1xb64-50e_cifar10-64px.py
"""
_base_ = [
    '../_base_/models/vgg16.py', '../_base_/datasets/cifar10.py',
    '../_base_/augmentation/report_a.py', '../_base_/schedules/sgd_plateau.py',
    '../_base_/classification_runtime.py'
]
model = dict(data_preprocessor=_base_.plain_64px)
train_cfg = dict(max_epochs=50)
