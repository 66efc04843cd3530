"""E4: can DenseNet121 do without its last dense block?

Cut behind transition 3: the last dense block (16 layers) is removed.
Reported (validation): accuracy 94.1; 5 M parameters.
Assumed: as E2; transition 3 is kept; the remaining layers keep their ImageNet weights; global
average pooling follows them.

    python tools/train.py configs/densenet/densenet121-cut3_finetune_1xb32-300e_mit8-256px.py
"""
_base_ = './densenet121_finetune_1xb32-300e_mit8-256px.py'
model = dict(
    backbone=dict(type='TruncatedDenseNet', num_stages=3), head=dict(in_channels=512))
