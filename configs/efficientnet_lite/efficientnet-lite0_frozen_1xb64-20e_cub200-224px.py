"""How far does a linear layer on EfficientNet-Lite0's features get on 200 species of birds?

Reported: nothing; the reports do this with larger networks. Frozen backbone, no augmentation.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0_frozen_1xb64-20e_cub200-224px.py
"""
_base_ = [
    '../_base_/models/efficientnet_lite0.py', '../_base_/datasets/cub200.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(num_classes=200))
train_cfg = dict(max_epochs=20)
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
