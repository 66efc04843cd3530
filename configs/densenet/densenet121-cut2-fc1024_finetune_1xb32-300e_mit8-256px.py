"""E8: does a dense layer of 1024 help E5, which has two dense blocks left?

Reported (validation): accuracy 83.2; 1.5 M parameters, as E5 (with the dense layer, it is 1.7 M).
Assumed: as E5; the dense layer has a ReLU and follows the average pooling.

    python tools/train.py configs/densenet/densenet121-cut2-fc1024_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121-cut2_finetune_1xb32-300e_mit8-256px.py'
model = dict(head=dict(mid_channels=[1024], dropouts=[0., 0.]))
