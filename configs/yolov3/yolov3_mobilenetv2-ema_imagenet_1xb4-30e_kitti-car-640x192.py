"""YOLOv3 with MobileNetV2 from ImageNet weights, evaluated with averaged weights.

Question: does an exponential moving average (EMA) of the weights of about the last 100 iterations
detect better than the weights themselves?
Reported: nothing. This hook works with any detector, also set by --cfg-options.

    python tools/train.py \
        configs/yolov3/yolov3_mobilenetv2-ema_imagenet_1xb4-30e_kitti-car-640x192.py
"""
_base_ = './yolov3_mobilenetv2_imagenet_1xb4-30e_kitti-car-640x192.py'

default_hooks = dict(ema=dict(
    type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.01, update_buffers=True))
