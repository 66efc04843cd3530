"""A14 on 640x192 rectangles instead of 416x416 letterboxes.

Question: KITTI's images are 3.3 times as wide as high; is a letterbox, two thirds of it black, a
good input for them? Here cars are 1.5 times larger at 0.71 of the pixels.
Reported: nothing.

    python tools/train.py configs/yolov3/yolov3_d53_coco_1xb6-200e_kitti-car-640x192.py
"""
_base_ = './yolov3_d53_coco_1xb6-200e_kitti-car-416px.py'

resize = dict(type='Resize', scale=(640, 192), keep_ratio=True)
train_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True), resize,
    dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')]))
test_pipeline = [dict(type='LoadImageFromFile'), resize, *_base_.test_pipeline[3:]]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
