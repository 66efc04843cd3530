"""A14: YOLOv3 with Darknet-53 learns KITTI's cars from COCO's weights, stopped once and resumed.

Question: what do weights trained on 80 kinds of objects in 118 000 images add?
Reported: AP 0.71, precision 0.77, recall 0.75, F1 0.76 at IoU 0.5, after 175 epochs and, resumed,
25 more.
Assumed: all weights are loaded except those of the three prediction layers (255 channels for 80
classes, 18 for one), and all are trained; otherwise as A13 (416x416 letterbox, flips, Adam at 1e-3,
confidence weight 1 for objects and 100 for background, DontCare regions and vans ignored, NMS at
IoU 0.45, precision, recall and F1 at a score of 0.5).
Weights: mmdet's, or Darknet's yolov3.weights by tools/model_converters/darknet_to_mm.py.

    python tools/train.py configs/yolov3/yolov3_d53_coco_1xb6-200e_kitti-car-416px.py \
        --cfg-options train_cfg.max_epochs=175
    python tools/train.py configs/yolov3/yolov3_d53_coco_1xb6-200e_kitti-car-416px.py --resume
"""
_base_ = './yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py'

model = dict(init_cfg=dict(
    type='Pretrained', exclude=['bbox_head.convs_pred'],
    checkpoint='https://download.openmmlab.com/mmdetection/v2.0/yolo/'
    'yolov3_d53_mstrain-416_273e_coco/yolov3_d53_mstrain-416_273e_coco-2b60fcd9.pth'))
