"""ResNet50 for 5 flowers, part Q5 of report D: the last bottleneck and the classifier are trained.

The weights are Keras's, which are Caffe's, in the form that Detectron gave them: with BatchNorm's
statistics folded into its scale. So BatchNorm uses these also in trainable bottlenecks, where its
scale and shift are trained. Keras's file, converted by tools/model_converters/keras_to_mm.py, has
the statistics: with it, as `model.backbone.init_cfg.checkpoint`, set `model.backbone.norm_eval` to
False, and these bottlenecks use batch statistics, as in the report.
Keras's convolutions have biases, 26 560 in all, which BatchNorm makes redundant: none here.
"""
_base_ = './resnet50_caffe.py'

model = dict(
    backbone=dict(
        norm_eval=True,
        init_cfg=dict(type='Pretrained', checkpoint='open-mmlab://detectron2/resnet50_caffe')),
    head=dict(num_classes=5),
    trainable=['backbone.layer4.2', 'head'])
