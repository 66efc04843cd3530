"""KITTI's cars as report A trains on them: 400 images in 67 batches of 6, as 416x416 letterboxes.

Assumed: padding with black, horizontal flips, and 400 of our images chosen at random by seed.
"""
_base_ = './kitti_car.py'

letterbox = [dict(type='Resize', scale=(416, 416), keep_ratio=True),
             dict(type='Pad', size=(416, 416))]
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    *letterbox,
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    *letterbox,
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(batch_size=6, dataset=dict(pipeline=train_pipeline, indices=400))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline, indices=100))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
