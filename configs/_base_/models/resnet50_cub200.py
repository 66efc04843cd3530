"""ResNet50 for 200 birds (report B): frozen ImageNet features, a linear layer.

Keras's weights are Caffe's; this is Detectron's version of them, with BatchNorm's statistics
folded into its scale, so BatchNorm must stay in eval mode even where it is trainable (row B15).
"""
_base_ = './resnet50_caffe.py'

model = dict(
    backbone=dict(
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://detectron2/resnet50_caffe')),
    head=dict(num_classes=200),
    trainable=['head'])
