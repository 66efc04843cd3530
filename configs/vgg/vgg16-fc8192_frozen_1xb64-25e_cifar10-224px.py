"""A3: do wider and deeper dense layers on frozen ImageNet features beat fine-tuning?

Reported (test): mCA 87.32, in 2 h 15; all of VGG16 fine-tuned reaches 94.43 (A5).
Assumed: momentum 0.9, no weight decay; plateau with factor 0.1 and patience 10; ReLU and dropout
0.5 behind every hidden layer; all dense layers start at random (the report "keeps" its last two).
The report's LogSoftmax with NLLLoss is the cross-entropy of the logits.
Rotation is bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16-fc8192_frozen_1xb64-25e_cifar10-224px.py
"""
_base_ = [
    '../_base_/models/vgg16.py', '../_base_/datasets/cifar10.py',
    '../_base_/augmentation/report_a.py', '../_base_/schedules/sgd_plateau.py',
    '../_base_/classification_runtime.py'
]
model = dict(
    trainable=['head'],
    data_preprocessor=_base_.aug_a,
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://vgg16')),
    head=dict(
        mid_channels=[8192, 4096, 4096], dropouts=[0., 0.5, 0.5, 0.5],
        init_cfg=None))  # new layers start as PyTorch makes them
