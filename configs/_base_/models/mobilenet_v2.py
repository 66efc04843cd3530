"""MobileNetV2 of Keras, 10 classes, random weights.

To load weights that tools/model_converters/keras_to_mm.py wrote: ``backbone=dict(init_cfg=dict(
type='Pretrained', checkpoint=FILE))``. They expect inputs from -1 to 1, TensorFlow's padding and
its BatchNorm epsilon.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[127.5, 127.5, 127.5],
        std=[127.5, 127.5, 127.5],
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    backbone=dict(
        type='MobileNetV2',
        conv_cfg=dict(type='Conv2dAdaptivePadding'),
        # PyTorch's default: Keras's 0.001 takes thousands of steps to follow the weights.
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=1280,
        loss=dict(type='CrossEntropyLoss')))
