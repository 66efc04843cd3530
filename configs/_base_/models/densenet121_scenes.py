"""DenseNet121 with ImageNet weights for 8 scenes (report E), at the 256 px that the images have.

BatchNorm has Keras's momentum 0.99 (PyTorch's 0.01), as the report's network: what evaluation
normalises by is a mean over some 100 steps, so two epochs of 53 (E10, E12: eight of 13), where
PyTorch's 0.1 takes the last ten. That is short against 50 to 300 epochs, and it starts from
ImageNet's statistics, so nothing lags for long. Epsilon is 1e-5 in Keras's DenseNet as well.
"""
_base_ = './densenet121.py'

model = dict(
    data_preprocessor=dict(input_size=(256, 256), train_geometry=[], eval_geometry=[]),
    backbone=dict(
        norm_cfg=dict(type='BN', momentum=0.01),
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://densenet121')),
    head=dict(
        _delete_=True, type='MLPClsHead', num_classes=8, in_channels=1024,
        mid_channels=[], dropouts=[0.], loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform')))
