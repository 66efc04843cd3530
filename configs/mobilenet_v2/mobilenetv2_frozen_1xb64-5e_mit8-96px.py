"""How far does a linear layer on ImageNet features get on the 8 MIT scenes?

Reported: nothing; the reports do this with larger networks. Frozen backbone, no augmentation.
Weights: the README in this folder explains how to convert them.

    python tools/train.py configs/mobilenet_v2/mobilenetv2_frozen_1xb64-5e_mit8-96px.py
"""
_base_ = [
    '../_base_/models/mobilenet_v2_96px.py', '../_base_/datasets/mit_scenes_96px.py',
    '../_base_/schedules/adam_cosine.py', '../_base_/classification_runtime.py'
]
model = dict(head=dict(num_classes=8))
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
