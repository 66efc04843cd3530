"""ResNet50 for 5 flowers, part Q5 of report D: the last bottleneck and the classifier are trained.

Keras's weights are Caffe's; this is Detectron's version of them, with BatchNorm's statistics
folded into its scale. So BatchNorm stays in eval mode even in trainable bottlenecks, where its
scale and shift are trained. Keras's own file has the statistics: to use batch statistics in these
bottlenecks, as in the report, convert it with tools/model_converters/keras_to_mm.py, set
`model.backbone.init_cfg.checkpoint` to the result and `model.backbone.norm_eval` to False.
Keras's convolutions have 26 560 biases, which BatchNorm makes redundant; ours have none.
"""
_base_ = './resnet50_caffe.py'

model = dict(
    backbone=dict(
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://detectron2/resnet50_caffe')),
    head=dict(num_classes=5),
    trainable=['backbone.layer4.2', 'head'])
