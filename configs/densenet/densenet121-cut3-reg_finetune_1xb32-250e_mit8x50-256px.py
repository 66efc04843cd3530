"""E12: how far do BatchNorm, dropout and early stopping keep E11 from overfitting?

Added to E11: dropout 0.5 (the winner of a grid, configs/search/densenet121-cut3_dropout_mit8x50.py)
and BatchNorm before the classifier, a lower learning rate when the validation loss stops improving,
and early stopping on that loss.
Reported (validation): accuracy 91.5; E10 has 84.5, E11 88.1 or 89.5.
Assumed: as E11; Keras's default plateau (a tenth after 10 epochs); stop after 25 epochs without
improvement, so that a lowered rate can take effect; weights of the best accuracy.

    python tools/train.py configs/densenet/densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py
"""
_base_ = './densenet121-cut3-aug_finetune_1xb32-250e_mit8x50-256px.py'
model = dict(head=dict(in_norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01), dropouts=[0.5]))
param_scheduler = [dict(type='ReduceLROnPlateau', monitor='loss', style='keras')]
default_hooks = dict(early_stop=dict(type='EarlyStopHook', monitor='loss', patience=25))
