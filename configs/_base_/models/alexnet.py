"""AlexNet as torchvision has it, 10 classes, random weights in torchvision's distribution.

All of it is transferred, but for the last layer, by
``model = dict(init_cfg=[dict(type='Pretrained', checkpoint='torchvision://alexnet')])``.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    backbone=dict(type='AlexNet'),
    neck=dict(type='AdaptivePoolNeck', output_size=6),
    head=dict(
        type='MLPClsHead', num_classes=10, in_channels=9216, mid_channels=[4096, 4096],
        dropouts=[0.5, 0.5, 0.], loss=dict(type='CrossEntropyLoss')))
