"""Cars of KITTI's 2D benchmark as 640x192 rectangles, split at random with seed 0.

The labels of KITTI's official test part are not public, so the test part here is held out of
the training folder. A sample of 76 images is split into 53 for training, 7 for validation
and 16 for the test. The only class is type Car; Van and DontCare are ignored boxes.
"""
dataset_type = 'KittiDataset'
data_root = 'data/kitti'
split = dict(seed=0, fractions=dict(train=0.70, val=0.09, test=0.21))

# KITTI's 1242x375 scaled by 0.51 and padded by the preprocessor. A 640x640 letterbox would show
# the cars no larger and cost 3.3 times the pixels.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(640, 192), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(640, 192), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),  # after Resize: full size, for drawing
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,  # a worker's cache of decoded images is lost when it ends
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type, data_root=data_root, split=split, part='train',
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, data_root=data_root, split=split, part='val', test_mode=True,
        pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=4,
    num_workers=2,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type, data_root=data_root, split=split, part='test', test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='CocoBoxMetric')
# A box's confidence is its class probability times its objectness.
test_evaluator = [
    val_evaluator, dict(type='DetectionMetric', iou_thr=0.5, score_thr=0.5),
    dict(type='KittiMetric')
]
