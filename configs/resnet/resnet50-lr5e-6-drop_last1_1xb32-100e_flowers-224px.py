"""D1: is it enough for flowers to train ResNet50's last bottleneck, slowly and with dropout?

Part Q5: conv5_block3 and the classifier are trainable; lr 5e-6, decay 1e-3, dropout 0.25.
Reported (test): loss 0.52999, accuracy 85.14; overfitted, the report says.
Assumed: 35 images per class held out as test (the report's 35 came from Google); every epoch
validates on the whole validation split, 20 % (the report's code: on one batch of 32 images); the
checkpoint with the best validation accuracy is tested.

    python tools/train.py configs/resnet/resnet50-lr5e-6-drop_last1_1xb32-100e_flowers-224px.py
"""
_base_ = [
    '../_base_/models/resnet50_flowers.py', '../_base_/datasets/flowers.py',
    '../_base_/schedules/adam_time_decay.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(dropouts=[0.25]))
optim_wrapper = dict(optimizer=dict(lr=5e-6))
train_dataloader = dict(batch_size=32)
default_hooks = dict(
    early_stop=dict(  # in percent
        type='EarlyStopHook', monitor='accuracy/top1', min_delta=0.1, patience=10),
    feature_cache=dict(type='FeatureCacheHook'))
