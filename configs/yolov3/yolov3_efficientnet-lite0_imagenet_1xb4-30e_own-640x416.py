"""How well does a light YOLOv3 from ImageNet weights find the objects in pictures of one's own?

Reported: nothing. tools/dataset_converters/to_coco.py converts the labels and writes a config that
inherits this one, with their classes and anchors; as it is, it learns cars with COCO's anchors.

    python tools/train.py configs/yolov3/yolov3_efficientnet-lite0_imagenet_1xb4-30e_own-640x416.py
"""
_base_ = [
    '../_base_/datasets/own_coco.py', '../_base_/models/yolov3_efficientnet_lite0.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/detection_runtime.py'
]
# the latter for timm's networks
custom_imports = dict(imports=['plugins.detection', 'plugins.classification'])

train_cfg = dict(max_epochs=30)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.05, by_epoch=False, end=50),
    dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)
]
