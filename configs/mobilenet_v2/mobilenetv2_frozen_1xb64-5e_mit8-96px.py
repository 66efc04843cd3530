"""How far does a linear layer on ImageNet features get on the 8 MIT scenes?

Reported: nothing; the reports ask it with larger networks. The backbone is frozen, no augmentation.
Weights: the README beside this file says how to convert them.

    python tools/train.py configs/mobilenet_v2/mobilenetv2_frozen_1xb64-5e_mit8-96px.py
"""
_base_ = [
    '../_base_/models/mobilenet_v2.py', '../_base_/datasets/mit_scenes.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/classification_runtime.py'
]
model = dict(
    trainable=['head'],
    data_preprocessor=dict(input_size=(96, 96), train_geometry=[], eval_geometry=[]),
    backbone=dict(init_cfg=dict(
        type='Pretrained', checkpoint='work_dirs/weights/mobilenet_v2_keras.pth')),
    head=dict(num_classes=8))
source = dict(size=(96, 96))
train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
test_dataloader = dict(dataset=dict(source=source))
del source
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
