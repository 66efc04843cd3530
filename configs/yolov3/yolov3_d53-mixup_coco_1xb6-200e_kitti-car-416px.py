"""A16: A14 on mixed images, the step that the report proposes next.

Question: does a detector trained on few images gain from blending pairs of them?
Reported: nothing.
Assumed: each image is blended half and half with a random second one, which is not resized (as in
"Bag of Freebies for Training Object Detection Neural Networks", https://arxiv.org/abs/1902.04103,
which draws the shares from Beta(1.5, 1.5) and, as here, leaves the last 20 epochs unmixed); the
boxes of both images are used; otherwise as A14.

    python tools/train.py configs/yolov3/yolov3_d53-mixup_coco_1xb6-200e_kitti-car-416px.py
"""
_base_ = './yolov3_d53_coco_1xb6-200e_kitti-car-416px.py'

train_dataloader = dict(dataset=dict(
    _delete_=True,
    type='MultiImageMixDataset',
    dataset=dict(
        type='KittiDataset', data_root=_base_.data_root, split=_base_.split, part='train',
        indices=400, pipeline=_base_.train_pipeline[:4]),
    pipeline=[dict(type='MixUp', img_scale=(416, 416), ratio_range=(1.0, 1.0), pad_val=0),
              *_base_.train_pipeline[4:]]))
default_hooks = dict(end_of_mixup=dict(
    type='YOLOXModeSwitchHook', num_last_epochs=19, skip_type_keys=['MixUp']))
