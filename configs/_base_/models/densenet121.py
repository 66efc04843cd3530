"""DenseNet121 as torchvision has it, 10 classes, random weights in torchvision's distribution.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    backbone=dict(type='DenseNet', arch='121'),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=1024,
        loss=dict(type='CrossEntropyLoss')),
    # here and not in the backbone, so that a config can give that one a single Pretrained
    init_cfg=[dict(type='Kaiming', layer='Conv2d', mode='fan_in')])
