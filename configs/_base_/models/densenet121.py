"""DenseNet121 as torchvision has it, 10 classes, random weights in torchvision's distribution."""
_base_ = './imagenet_224px.py'

model = dict(
    backbone=dict(type='DenseNet', arch='121'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=1024,
        loss=dict(type='CrossEntropyLoss')),
    # set here, so that a config can give the backbone a single Pretrained init_cfg
    init_cfg=[dict(type='Kaiming', layer='Conv2d', mode='fan_in')])
