"""A13's light sibling: YOLOv3 with MobileNetV2 learns KITTI's cars from random weights.

Question: how far does training from scratch get where there are 60 images and no GPU?
Reported: nothing. A 640x192 rectangle shows cars 1.5 times larger than the 416x416 letterbox of
row A13, at 0.71 of its pixels.

    python tools/train.py configs/yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py
"""
_base_ = [
    '../_base_/datasets/kitti_car.py', '../_base_/models/yolov3_mobilenetv2_car.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/detection_runtime.py'
]

train_cfg = dict(max_epochs=30)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
]
