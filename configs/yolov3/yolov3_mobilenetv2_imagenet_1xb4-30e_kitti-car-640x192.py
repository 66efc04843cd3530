"""YOLOv3 with MobileNetV2 learns KITTI's cars from ImageNet weights.

Question: what do ImageNet weights of the backbone add, compared with the same config from random
weights?
Reported: nothing; row A14 does the same with Darknet-53 and COCO weights.
Weights: made by tools/model_converters/keras_to_mm.py mobilenet_v2.

    python tools/train.py configs/yolov3/yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-640x192.py
"""
_base_ = './yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192.py'

model = dict(backbone=dict(init_cfg=dict(
    type='Pretrained', checkpoint='work_dirs/weights/mobilenet_v2_keras.pth', prefix='mmdet.')))
