"""Labelled boxes of one's own, in COCO's form, as tools/dataset_converters/to_coco.py writes them.

A leaf sets data_root and metainfo of the three data sets; the converter writes one.
"""
dataset_type = 'CocoDataset'
data_root = 'data/own/coco'
metainfo = dict(classes=('car',))

# At most 640 pixels long and 416 high: a photograph of 4:3 becomes 555x416, KITTI's 640x193.
resize = dict(type='Resize', scale=(640, 416), keep_ratio=True)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    resize,
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    resize,
    dict(type='LoadAnnotations', with_bbox=True),  # after Resize: full size, for drawing
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]

common = dict(type=dataset_type, data_root=data_root, metainfo=metainfo, data_prefix=dict(img=''))
train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,  # a worker's cache of decoded images is lost when it ends
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(common, ann_file='train.json', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(common, ann_file='val.json', test_mode=True, pipeline=test_pipeline))
test_dataloader = dict(
    batch_size=4,
    num_workers=2,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(common, ann_file='test.json', test_mode=True, pipeline=test_pipeline))
del common, resize  # already copied: changing them in a leaf would have no effect

val_evaluator = dict(type='CocoBoxMetric')
# A box's confidence is its class probability times its objectness.
test_evaluator = [val_evaluator, dict(type='DetectionMetric', iou_thr=0.5, score_thr=0.5)]
