"""E12: how far do augmentation, BatchNorm, dropout and early stopping keep E10 from overfitting?

Added to E11 (E10 with horizontal flip and zoom 0.2, the winner of the report's grid): dropout 0.5
and BatchNorm before the classifier, a lower learning rate when the validation loss stops improving,
and early stopping on that loss.
Reported (validation): accuracy 91.5; E10 has 84.5, E11 88.1 or 89.5.
Assumed: as E10; Keras's default plateau (a tenth after 10 epochs); stop after 25 epochs without
improvement, so that a lowered rate can take effect; weights of the best accuracy.

    python tools/train.py configs/densenet/densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py
"""
_base_ = './densenet121-cut3_finetune_1xb32-250e_mit8x50-256px.py'
model = dict(
    data_preprocessor=dict(
        train_geometry=[
            dict(type='RandomZoom', zoom_range=0.2),
            dict(type='RandomFlip', prob=0.5, direction='horizontal')],
        fill='nearest'),
    head=dict(in_norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01), dropouts=[0.5]))
param_scheduler = [dict(type='ReduceLROnPlateau', monitor='loss', style='keras')]
default_hooks = dict(early_stop=dict(type='EarlyStopHook', monitor='loss', patience=25))
