"""E6: how much can the first dense block do alone?

Cut behind transition 1: the last three dense blocks (12, 24 and 16 layers) are removed.
Reported (validation): accuracy 52; 380 k parameters.
Assumed: as E2; transition 1 is kept; the remaining layers keep their ImageNet weights; global
average pooling follows them.

    python tools/train.py configs/densenet/densenet121-cut1_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121-cut3_finetune_1xb32-300e_mit8-256px.py'
model = dict(
    backbone=dict(type='TruncatedDenseNet', num_stages=1), head=dict(in_channels=128))
