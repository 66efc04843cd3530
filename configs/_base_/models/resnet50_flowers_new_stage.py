"""Part Q7 of report D: the dense layers of Q6 on a new stage 5 of stride 1, all before it frozen.

The new bottlenecks are initialised Glorot-uniform, like Keras's layers. BatchNorm has Keras's
momentum 0.8 (PyTorch's 0.2), without effect in the frozen layers, and epsilon 1e-5 everywhere; the
report's new layers have Keras's 1e-3.
"""
_base_ = './resnet50_flowers_dense.py'

model = dict(
    backbone=dict(
        strides=(1, 2, 2, 1),
        norm_cfg=dict(type='BN', momentum=0.2),
        norm_eval=False,  # stage 5 updates its statistics; frozen layers are in eval mode anyway
        init_cfg=[
            dict(type='Xavier', layer='Conv2d', distribution='uniform'),
            dict(type='Pretrained', exclude=['layer4'],
                 checkpoint='open-mmlab://detectron2/resnet50_caffe')]),
    trainable=['backbone.layer4', 'head'])
