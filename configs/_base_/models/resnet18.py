"""ResNet18 as torchvision has it, 10 classes, random weights."""
_base_ = './imagenet_224px.py'

model = dict(
    # mmpretrain starts every residual branch at zero; torchvision and Keras do not.
    backbone=dict(type='ResNet', depth=18, zero_init_residual=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=512,
        loss=dict(type='CrossEntropyLoss')))
