"""B12: can a linear layer tell 200 birds apart by ResNet50's ImageNet features?

Reported (test): loss 2.3499, accuracy 43.85; no gain on validation after epoch 5.
Assumed: Adam with Keras's defaults, 25 epochs, batch 64 and a tenth of the training list for
validation, as in B2 (the report names none of them for birds); no augmentation; Keras's weights,
which are Caffe's.

    python tools/train.py configs/resnet/resnet50_frozen_1xb64-25e_cub200-224px.py
"""
_base_ = [
    '../_base_/models/resnet50_cub200.py', '../_base_/datasets/cub200.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
default_hooks = dict(feature_cache=dict(type='FeatureCacheHook'))
