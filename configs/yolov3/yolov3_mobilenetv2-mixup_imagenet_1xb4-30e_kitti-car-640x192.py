"""A16's light sibling: YOLOv3 with MobileNetV2 from ImageNet weights on mixed images.

Question: does a detector trained on 53 images gain from blending pairs of them?
Reported: nothing. As in row A16, the second image is not resized; the last 5 epochs are unmixed.

    python tools/train.py \
        configs/yolov3/yolov3_mobilenetv2-mixup_imagenet_1xb4-30e_kitti-car-640x192.py
"""
_base_ = './yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-640x192.py'

train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MultiImageMixDataset',
    dataset=dict(
        type='KittiDataset', data_root=_base_.data_root, split=_base_.split, part='train',
        pipeline=_base_.train_pipeline[:3]),
    pipeline=[dict(type='MixUp', img_scale=(640, 192), ratio_range=(1.0, 1.0), pad_val=0),
              *_base_.train_pipeline[3:]]))
default_hooks = dict(end_of_mixup=dict(
    type='YOLOXModeSwitchHook', num_last_epochs=4, skip_type_keys=['MixUp']))
