"""Part Q6 of report D: one more trainable bottleneck, and three dense layers, each with ReLU.

As in the report's code, the only dropout is before the last layer. Leaf configs set the widths.
"""
_base_ = './resnet50_flowers.py'

model = dict(
    head=dict(mid_channels=[512, 512, 512], dropouts=[0., 0., 0., 0.]),
    trainable=['backbone.layer4.1', 'backbone.layer4.2', 'head'])
