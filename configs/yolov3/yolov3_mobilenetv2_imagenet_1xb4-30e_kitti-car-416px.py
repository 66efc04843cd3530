"""YOLOv3 with MobileNetV2 from ImageNet weights on report A's letterboxes instead of rectangles.

Question: what do 416x416 letterboxes cost against 640x192 rectangles of the same images, in
accuracy and in time?
Reported: nothing. The anchors are the rectangle's, scaled by 416/640.

    python tools/train.py configs/yolov3/yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-416px.py
"""
_base_ = './yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-640x192.py'

model = dict(bbox_head=dict(anchor_generator=dict(base_sizes=[
    [(42, 27), (58, 46), (103, 57)], [(20, 14), (25, 20), (35, 15)],
    [(8, 6), (12, 8), (14, 12)]])))

letterbox = [dict(type='Resize', scale=(416, 416), keep_ratio=True),
             dict(type='Pad', size=(416, 416))]
train_dataloader = dict(dataset=dict(pipeline=[
    *_base_.train_pipeline[:2], *letterbox, *_base_.train_pipeline[3:]]))
test_pipeline = [_base_.test_pipeline[0], *letterbox, *_base_.test_pipeline[2:]]
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
