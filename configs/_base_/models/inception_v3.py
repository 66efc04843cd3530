"""Inception v3 as torchvision has it, 10 classes, random weights, no auxiliary classifier.

Inputs are from -1 to 1, as torchvision's weights expect: torchvision converts from ImageNet's
normalisation to this range itself (`transform_input`) before the first layer.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        input_size=(299, 299),
        train_geometry=[dict(type='Resize', size=(299, 299))],
        eval_geometry=[dict(type='Resize', size=(299, 299))]),
    backbone=dict(type='InceptionV3Features'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=2048,
        loss=dict(type='CrossEntropyLoss')))
