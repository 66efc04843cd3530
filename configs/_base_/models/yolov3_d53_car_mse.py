"""YOLOv3 on Darknet-53 for one class with the loss and assignment of report A (rows A13 to A16).

MSE for x, y, w and h, BCE for confidence and class, each averaged over the relevant cells of its
scale; confidence has weight 1 for objects and 100 for background; every box has one anchor on
each scale. The report prints this code: https://github.com/eriklindernoren/PyTorch-YOLOv3.
yolov3_d53_car.py has mmdet's loss: sums, BCE for x and y, box weight 2, confidence weight 1
throughout, and every box assigned to its best anchor only, on one scale.
"""
_base_ = './yolov3_d53_car.py'

model = dict(
    bbox_head=dict(
        obj_weight=1.0,
        noobj_weight=100.0,
        loss_cls=dict(reduction='mean'),
        loss_conf=dict(reduction='mean'),
        loss_xy=dict(_delete_=True, type='MSELoss', loss_weight=1.0, reduction='mean'),
        loss_wh=dict(loss_weight=1.0, reduction='mean')),
    train_cfg=dict(assigner=dict(_delete_=True, type='EachScaleAssigner', neg_iou_thr=0.5)))
