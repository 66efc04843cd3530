"""ResNet50 of Caffe and Keras: stride in the first 1x1 convolution, BGR, only the mean subtracted.

Weights: ``backbone=dict(init_cfg=dict(type='Pretrained', checkpoint=
'open-mmlab://detectron2/resnet50_caffe'))``. BatchNorm's statistics are folded into its scale
and are not meaningful in this file: where a BatchNorm is not frozen, set ``norm_eval=True``.
"""
model = dict(
    type='TransferClassifier',
    data_preprocessor=dict(
        type='BatchDataPreprocessor', mean=[123.68, 116.779, 103.939],
        std=[1., 1., 1.], to_bgr=True,
        input_size=(224, 224),
        train_geometry=[dict(type='Resize', size=(224, 224))],
        eval_geometry=[dict(type='Resize', size=(224, 224))]),
    backbone=dict(
        type='ResNet', depth=50, style='caffe', zero_init_residual=False,
        # Keras's momentum 0.99; no effect while BatchNorm is in eval mode
        norm_cfg=dict(type='BN', momentum=0.01)),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(  # no hidden layer yet; report D's rows add dropout and hidden layers
        type='MLPClsHead', num_classes=10, in_channels=2048, mid_channels=[], dropouts=[0.],
        loss=dict(type='CrossEntropyLoss'),
        init_cfg=[dict(type='Xavier', layer='Linear', distribution='uniform')]))
