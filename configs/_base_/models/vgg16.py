"""VGG16 as torchvision has it, 10 classes, random weights in torchvision's distribution.

To start from ImageNet weights, including the classifier's hidden layers, set
``model = dict(init_cfg=[dict(type='Pretrained', checkpoint='torchvision://vgg16')])``; for the
convolutions only, ``backbone=dict(init_cfg=...)``.
"""
_base_ = './imagenet_224px.py'

model = dict(
    backbone=dict(type='VGG', depth=16),
    neck=dict(type='AdaptivePoolNeck', output_size=7),
    head=dict(
        type='MLPClsHead', num_classes=10, in_channels=25088, mid_channels=[4096, 4096],
        dropouts=[0., 0.5, 0.5], loss=dict(type='CrossEntropyLoss'),
        init_cfg=[dict(type='Normal', layer='Linear', std=0.01)]))
