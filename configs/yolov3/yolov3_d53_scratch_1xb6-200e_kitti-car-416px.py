"""A13: YOLOv3 with Darknet-53 learns KITTI's cars from random weights.

Question: how good is a detector that was trained on nothing but 400 images of the task?
Reported: AP 0.54, precision 0.45, recall 0.75, F1 0.55 at IoU 0.5.
Assumed: input 416x416, letterboxed with black; horizontal flips; Adam at a constant 1e-3 with
gradients clipped to norm 35; COCO's anchors; 400 of our images chosen at random by seed;
confidence weight 1 for objects and 100 for background (the report prints the names obj_scale and
noobj_scale, no values); DontCare regions and vans are ignored, not background; NMS at IoU 0.45;
precision, recall and F1 of boxes with a score (class probability times confidence) of 0.5 or more.
Once per epoch it prints row A15's table: every statistic of every scale for one batch.

    python tools/train.py configs/yolov3/yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py
"""
_base_ = [
    '../_base_/datasets/kitti_car_416px.py', '../_base_/models/yolov3_d53_car_mse.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/yolov3_statistics_runtime.py'
]

train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=6)
