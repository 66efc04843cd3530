"""VGG16 as torchvision has it, 10 classes, random weights in torchvision's distribution.

The hidden layers of its classifier are transferred too by
``model = dict(init_cfg=[dict(type='Pretrained', checkpoint='torchvision://vgg16')])``, the
convolutions alone by ``backbone=dict(init_cfg=...)``.
"""
_base_ = './imagenet_224px.py'

model = dict(
    backbone=dict(type='VGG', depth=16),
    neck=dict(type='AdaptivePoolNeck', output_size=7),
    head=dict(
        type='MLPClsHead', num_classes=10, in_channels=25088, mid_channels=[4096, 4096],
        dropouts=[0., 0.5, 0.5], loss=dict(type='CrossEntropyLoss'),
        init_cfg=[dict(type='Normal', layer='Linear', std=0.01)]))
