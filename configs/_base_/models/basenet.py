"""BaseNet of report B with Keras's initialisation: Glorot-uniform weights, zero biases."""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[0., 0., 0.], std=[255., 255., 255.],
        input_size=(32, 32)),
    backbone=dict(type='BaseNet', arch='plain'),
    head=dict(
        type='MLPClsHead', num_classes=25, in_channels=400, mid_channels=[50], dropouts=[0., 0.],
        loss=dict(type='CrossEntropyLoss')),
    init_cfg=dict(type='Xavier', layer=['Conv2d', 'Linear'], distribution='uniform'))
