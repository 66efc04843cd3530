"""DenseNet121 with ImageNet weights for 8 scenes (report E), at the 256 px that the images have."""
_base_ = './densenet121.py'

model = dict(
    data_preprocessor=dict(input_size=(256, 256), train_geometry=[], eval_geometry=[]),
    backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='torchvision://densenet121')),
    head=dict(
        _delete_=True, type='MLPClsHead', num_classes=8, in_channels=1024,
        mid_channels=[], dropouts=[0.], loss=dict(type='CrossEntropyLoss'),
        init_cfg=dict(type='Xavier', layer='Linear', distribution='uniform')))
