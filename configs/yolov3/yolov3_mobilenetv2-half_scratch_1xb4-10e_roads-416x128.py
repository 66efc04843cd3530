"""Quick start: does a car detector learn from scratch in a few minutes on two CPU cores?

Reported: nothing; the scenes are drawn by this project in KITTI's format. Half the channels of
the light YOLOv3, and vans count as cars, because so few epochs are not enough to tell them apart.

    python tools/misc/make_sample_data.py data/sample --sets kitti --size kitti=480
    python tools/train.py configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py
"""
_base_ = [
    '../_base_/datasets/kitti_car.py', '../_base_/models/yolov3_mobilenetv2_car.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/detection_runtime.py'
]
model = dict(
    backbone=dict(widen_factor=0.5),
    neck=dict(in_channels=[1280, 48, 16], out_channels=[96, 64, 48]),
    bbox_head=dict(
        in_channels=[96, 64, 48], out_channels=[96, 64, 48],
        anchor_generator=dict(base_sizes=[  # fitted to KITTI's cars at this size
            [(40, 26), (67, 42), (111, 60)], [(21, 14), (25, 21), (34, 15)],
            [(8, 6), (12, 8), (15, 13)]])))

resize = dict(type='Resize', scale=(416, 128), keep_ratio=True)
train_set = dict(
    data_root='data/sample/kitti', class_map=dict(car=['Car', 'Van']),
    split=dict(seed=0, fractions=dict(train=0.80, val=0.08, test=0.12)),
    pipeline=[dict(type='LoadImageFromFile'), dict(type='LoadAnnotations', with_bbox=True), resize,
              dict(type='RandomFlip', prob=0.5), dict(type='PackDetInputs')])
test_set = dict(train_set, pipeline=[
    dict(type='LoadImageFromFile'), resize, dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))])
train_dataloader = dict(num_workers=0, persistent_workers=False, dataset=train_set)
val_dataloader = dict(num_workers=0, persistent_workers=False, dataset=test_set)
test_dataloader = dict(num_workers=0, dataset=test_set)

optim_wrapper = dict(optimizer=dict(betas=(0.9, 0.99)))
param_scheduler = [dict(
    type='OneCycleLR', eta_max=3e-3, pct_start=0.15, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=10, val_begin=9)
