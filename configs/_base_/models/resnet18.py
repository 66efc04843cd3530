"""ResNet18 as torchvision has it, 10 classes, random weights.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    # mmpretrain starts every residual branch at zero; torchvision and Keras do not.
    backbone=dict(type='ResNet', depth=18, zero_init_residual=False),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=512,
        loss=dict(type='CrossEntropyLoss')))
