"""Part Q7 of report D: the dense layers of Q6 on a new stage 5 of stride 1, all before it frozen.

The new bottlenecks start Glorot-uniform, as Keras's layers do. BatchNorm: Keras's momentum 0.8 is
PyTorch's 0.2; the frozen ones do not use it. Its epsilon is 1e-5 everywhere; the report's new
layers have Keras's 1e-3.
"""
_base_ = './resnet50_flowers_dense.py'

model = dict(
    backbone=dict(
        strides=(1, 2, 2, 1),
        norm_cfg=dict(type='BN', momentum=0.2),
        norm_eval=False,  # stage 5 has statistics of its own; what is frozen evaluates anyway
        init_cfg=[
            dict(type='Xavier', layer='Conv2d', distribution='uniform'),
            dict(type='Pretrained', exclude=['layer4'],
                 checkpoint='open-mmlab://detectron2/resnet50_caffe')]),
    trainable=['backbone.layer4', 'head'])
