"""E9: does a dense layer of 1024 help E6, which has one dense block left?

Reported (validation): accuracy 60.1; 520 k parameters.
Assumed: as E6; the dense layer has a ReLU and follows the average pooling.

    python tools/train.py configs/densenet/densenet121-cut1-fc1024_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121-cut1_finetune_1xb32-300e_mit8-256px.py'
model = dict(head=dict(mid_channels=[1024], dropouts=[0., 0.]))
