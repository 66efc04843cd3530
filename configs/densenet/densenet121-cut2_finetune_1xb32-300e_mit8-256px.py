"""E5: what is lost with the last two dense blocks?

Cut behind transition 2: the last two dense blocks (24 and 16 layers) are removed.
Reported (validation): accuracy 82.5; 1.5 M parameters.
Assumed: as E2; transition 2 is kept; the remaining layers keep their ImageNet weights; global
average pooling follows them.

    python tools/train.py configs/densenet/densenet121-cut2_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121-cut3_finetune_1xb32-300e_mit8-256px.py'
model = dict(
    backbone=dict(type='TruncatedDenseNet', num_stages=2), head=dict(in_channels=256))
