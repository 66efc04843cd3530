"""A9: does ResNet18, fine-tuned with more augmentation, beat VGG16, which is twelve times larger?

Reported (test): mCA 95.47, in 2 h 01; VGG16 has 94.43 (A5). Accuracy and F1 per class: airplane
94 .95, automobile 96 .98, bird 94 .95, cat 90 .91, deer 96 .96, dog 92 .92, frog 96 .97, horse
96 .97, ship 98 .97, truck 98 .97.
Assumed, also in A8 and A10 to A12, which differ from this by one or two numbers: momentum 0.9, no
weight decay; plateau with factor 0.1 and patience 10; `Color Jitter (0.2)` means brightness,
contrast and saturation (torchvision's first argument is brightness alone). The report
chooses among A8 to A12 by their test figures.
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py
"""
_base_ = [
    '../_base_/models/resnet18.py', '../_base_/datasets/cifar10.py',
    '../_base_/augmentation/report_a.py', '../_base_/schedules/sgd_plateau.py',
    '../_base_/classification_runtime.py'
]
model = dict(
    data_preprocessor=_base_.aug_a_plus,
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet18')))
