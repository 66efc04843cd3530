"""DenseNet121 with ImageNet weights for 8 scenes (report E), at the 256 px that the images have.

BatchNorm has Keras's momentum 0.99 (0.01 in PyTorch's terms), like the report's network: its
running statistics average about 100 steps, two epochs of 53 (E10, E12: eight of 13), where
PyTorch's default 0.1 averages ten. That is short compared with 50 to 300 epochs, and it starts from
ImageNet's statistics, so they do not lag for long. Keras's DenseNet also has epsilon 1e-5.
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
