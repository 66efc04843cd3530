"""YOLOv3 on Darknet-53 for one class with the loss and assignment of report A (rows A13 to A16).

x, y, w, h by MSE, confidence and class by BCE, every one a mean over the cells it concerns on its
scale; confidence weighted 1 for objects and 100 for background; each scale is trained on every
box by one anchor. The report prints this code: https://github.com/eriklindernoren/PyTorch-YOLOv3.
yolov3_d53_car.py has mmdet's loss: sums, BCE for x and y, box weights of 2, all
confidence weighted 1, a box's best anchor on one scale.
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
