"""AlexNet as torchvision has it, 10 classes, random weights in torchvision's distribution.

To start from ImageNet weights in all layers but the last, set
``model = dict(init_cfg=[dict(type='Pretrained', checkpoint='torchvision://alexnet')])``.
"""
_base_ = './imagenet_224px.py'

model = dict(
    backbone=dict(type='AlexNet'),
    neck=dict(type='AdaptivePoolNeck', output_size=6),
    head=dict(
        type='MLPClsHead', num_classes=10, in_channels=9216, mid_channels=[4096, 4096],
        dropouts=[0.5, 0.5, 0.], loss=dict(type='CrossEntropyLoss')))
