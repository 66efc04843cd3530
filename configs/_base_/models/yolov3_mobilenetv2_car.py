"""YOLOv3 on MobileNetV2 for one class: 3.1 million parameters, for machines without a GPU.

Differs from mmdet's own yolov3_mobilenetv2 in what Keras's ImageNet weights require (TensorFlow's
'same' padding, BatchNorm eps 1e-3, ReLU6, inputs from -1 to 1), so that runs from random and from
pretrained weights differ in the weights alone.
"""
_base_ = './yolov3_d53_car.py'

model = dict(
    data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        _delete_=True,
        type='MobileNetV2',
        # mmdet takes stage 6 (320 channels) and computes stage 7 (1280) for nothing. Its weights
        # then get no gradient, which stops distributed training at the second iteration.
        out_indices=(2, 4, 7),
        conv_cfg=dict(type='Conv2dAdaptivePadding'),
        # PyTorch's momentum, not Keras's 0.01: after 144 steps from scratch even 0.03 leaves the
        # statistics so far behind the weights that evaluation finds no car (batch statistics: 0.4
        # AP50). The weights do not depend on it.
        norm_cfg=dict(type='BN', eps=1e-3, momentum=0.1)),
    # mmdet's 96 channels at every scale take longer than the backbone; Darknet's narrow too.
    neck=dict(in_channels=[1280, 96, 32], out_channels=[96, 64, 48]),
    bbox_head=dict(
        in_channels=[96, 64, 48],
        out_channels=[96, 64, 48],
        # k-means on 1 - IoU over the cars of 53 training images of KITTI, scaled to 640x192: mean
        # IoU of a car with its best anchor 0.80, with COCO's anchors 0.64.
        anchor_generator=dict(base_sizes=[[(64, 42), (89, 70), (159, 88)],
                                          [(31, 22), (39, 31), (54, 23)],
                                          [(13, 9), (19, 12), (21, 18)]])))
