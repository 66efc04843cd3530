"""D10: is a new stage 5, learnt from random weights, better than ImageNet's (D5)?

Part Q7: three new bottlenecks at stride 1 and the dense layers are trainable, all earlier layers
frozen; lr 1e-6, decay 1e-3, no dropout.
Reported (test): loss 0.52568, accuracy 84.57; a little overfitted.
Assumed: as D1 (35 images per class held out as the test part); new layers are Glorot-uniform, as
in the report's code (its text says zero).

    python tools/train.py configs/resnet/resnet50-512-1024x2_new3_1xb32-100e_flowers-224px.py
"""
_base_ = [
    '../_base_/models/resnet50_flowers_new_stage.py', '../_base_/datasets/flowers.py',
    '../_base_/schedules/adam_time_decay.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(mid_channels=[512, 1024, 1024], dropouts=[0., 0., 0., 0.]))
train_dataloader = dict(batch_size=32)
default_hooks = dict(
    early_stop=dict(  # in percent
        type='EarlyStopHook', monitor='accuracy/top1', min_delta=0.1, patience=10),
    feature_cache=dict(type='FeatureCacheHook'))
