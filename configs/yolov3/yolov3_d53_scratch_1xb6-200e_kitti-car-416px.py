"""A13: YOLOv3 with Darknet-53 learns KITTI's cars from random weights.

Question: what does a detector reach that has seen nothing but 400 images of the task?
Reported: AP 0.54, precision 0.45, recall 0.75, F1 0.55 at IoU 0.5.
Assumed: input 416x416, letterboxed with black; Adam at a constant 1e-3 with gradients clipped to
norm 35; horizontal flips; COCO's anchors; the 400 images drawn from ours by seed.
Once an epoch it prints row A15's table, every statistic of every scale for one batch.

    python tools/train.py configs/yolov3/yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py
"""
_base_ = [
    '../_base_/datasets/kitti_car.py', '../_base_/models/yolov3_d53_car_mse.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/detection_runtime.py'
]

letterbox = [dict(type='Resize', scale=(416, 416), keep_ratio=True),
             dict(type='Pad', size=(416, 416))]
train_pipeline = [
    dict(type='LoadCachedImage'), dict(type='LoadAnnotations', with_bbox=True), *letterbox,
    dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadCachedImage'), *letterbox, dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(
    batch_size=6, dataset=dict(pipeline=train_pipeline, indices=400))  # 67 batches
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, indices=100))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

train_cfg = dict(max_epochs=200)
default_hooks = dict(statistics=dict(type='YOLOStatisticsHook', interval=67))
auto_scale_lr = dict(base_batch_size=6)
