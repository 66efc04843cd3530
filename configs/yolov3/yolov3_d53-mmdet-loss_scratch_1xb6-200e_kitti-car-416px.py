"""A13 with mmdet's loss and targets instead of the report's.

Question: do weights of 1 and 100 for confidence, MSE for x and y, and every box assigned on
every scale help or hurt?
Reported: nothing; the report has one loss.

    python tools/train.py configs/yolov3/yolov3_d53-mmdet-loss_scratch_1xb6-200e_kitti-car-416px.py
"""
_base_ = [
    '../_base_/datasets/kitti_car_416px.py', '../_base_/models/yolov3_d53_car.py',
    '../_base_/schedules/adam_yolov3.py', '../_base_/yolov3_statistics_runtime.py'
]

train_cfg = dict(max_epochs=200)
auto_scale_lr = dict(base_batch_size=6)
