"""YOLOv3 on MobileNetV2, from random weights, on drawn road scenes: what quickstart trains.

Question: does the whole chain work on a machine that has no data and no GPU?
Data: `python tools/misc/make_sample_data.py data/sample --sets kitti --size kitti=480`
Command: `python tools/train.py configs/yolov3/yolov3_mobilenetv2_scratch_1xb8-8e_roads-416x128.py`
"""
_base_ = [
    '../_base_/datasets/kitti_car.py', '../_base_/models/yolov3_mobilenetv2_car.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/detection_runtime.py'
]

model = dict(bbox_head=dict(anchor_generator=dict(  # the base's, scaled to this size
    base_sizes=[[(40, 26), (67, 42), (111, 60)], [(21, 14), (25, 21), (34, 15)],
                [(8, 6), (12, 8), (15, 13)]])))

data_root = 'data/sample/kitti'
split = dict(seed=0, fractions=dict(train=0.80, val=0.08, test=0.12))
train_pipeline = [
    dict(type='LoadCachedImage'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(416, 128), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadCachedImage'),
    dict(type='Resize', scale=(416, 128), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
test = dict(data_root=data_root, split=split, pipeline=test_pipeline)
train_dataloader = dict(
    batch_size=8, dataset=dict(data_root=data_root, split=split, pipeline=train_pipeline))
val_dataloader = dict(batch_size=8, dataset=test)
test_dataloader = dict(batch_size=8, dataset=test)

param_scheduler = [dict(type='CosineAnnealingLR', end=8, T_max=8, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=8)
