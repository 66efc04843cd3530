"""E7: does a dense layer of 1024 make up for the dense block that E4 removed?

Reported (validation): accuracy 93.93; 5 M parameters.
Assumed: as E4; the dense layer has a ReLU and follows the average pooling.

    python tools/train.py configs/densenet/densenet121-cut3-fc1024_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121-cut3_finetune_1xb32-300e_mit8-256px.py'
model = dict(head=dict(mid_channels=[1024], dropouts=[0., 0.]))
