"""MobileNetV2 for images of 96x96 px with frozen ImageNet weights; the head is trained."""
_base_ = './mobilenet_v2.py'

model = dict(
    trainable=['head'],
    data_preprocessor=dict(input_size=(96, 96), train_geometry=[], eval_geometry=[]),
    backbone=dict(init_cfg=dict(
        type='Pretrained', checkpoint='work_dirs/weights/mobilenet_v2_keras.pth')))
