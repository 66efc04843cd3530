"""YOLOv3 on Darknet-53 for one class, from random weights.

The model of `mmdet::yolo/yolov3_d53_8xb8-ms-416-273e_coco.py`, with its loss, except: one class,
random weights, trainable BatchNorm, asynchronous copies to the GPU, and a head that clips its boxes
to the image and supports ignored boxes. It is written out in full because inheriting that config
would bring in COCO's data sets, pipelines and schedule, which every leaf would have to delete; a
test compares the two.
"""
model = dict(
    type='YOLOV3',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[0, 0, 0],
        std=[255., 255., 255.],
        bgr_to_rgb=True,
        pad_size_divisor=32,
        non_blocking=True),
    # mmdet's default, norm_eval=True, is meant for pretrained weights: with random weights,
    # BatchNorm would keep its initial statistics, 0 and 1.
    backbone=dict(type='Darknet', depth=53, out_indices=(3, 4, 5), norm_eval=False),
    neck=dict(
        type='YOLOV3Neck',
        num_scales=3,
        in_channels=[1024, 512, 256],
        out_channels=[512, 256, 128]),
    bbox_head=dict(
        type='KittiYOLOV3Head',
        ignore_iof_thr=0.5,  # None: DontCare regions and vans are background, as in mmdet
        num_classes=1,
        in_channels=[512, 256, 128],
        out_channels=[1024, 512, 256],
        anchor_generator=dict(
            type='YOLOAnchorGenerator',
            base_sizes=[[(116, 90), (156, 198), (373, 326)],
                        [(30, 61), (62, 45), (59, 119)],
                        [(10, 13), (16, 30), (33, 23)]],
            strides=[32, 16, 8]),
        bbox_coder=dict(type='YOLOBBoxCoder'),
        featmap_strides=[32, 16, 8],
        loss_cls=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0, reduction='sum'),
        loss_conf=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0, reduction='sum'),
        loss_xy=dict(
            type='CrossEntropyLoss', use_sigmoid=True, loss_weight=2.0, reduction='sum'),
        loss_wh=dict(type='MSELoss', loss_weight=2.0, reduction='sum')),
    train_cfg=dict(
        assigner=dict(
            type='BatchGridAssigner', pos_iou_thr=0.5, neg_iou_thr=0.5, min_pos_iou=0)),
    test_cfg=dict(
        nms_pre=1000,
        min_bbox_size=0,
        score_thr=0.05,
        conf_thr=0.005,
        nms=dict(type='nms', iou_threshold=0.45),
        max_per_img=100))
