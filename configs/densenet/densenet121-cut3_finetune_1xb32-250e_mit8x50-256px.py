"""E10: how much does E4's cut network overfit with 50 training images per class?

Reported (validation): accuracy 84.5, where the whole training set gave 94.1.
Assumed: as E4; 250 epochs, as far as the report's curves go.

    python tools/train.py configs/densenet/densenet121-cut3_finetune_1xb32-250e_mit8x50-256px.py
"""
_base_ = [
    '../_base_/models/densenet121_scenes.py', '../_base_/datasets/mit_scenes_small.py',
    '../_base_/schedules/adam_fine_tune.py', '../_base_/classification_runtime.py'
]
model = dict(
    backbone=dict(type='TruncatedDenseNet', num_stages=3), head=dict(in_channels=512))
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=250)
