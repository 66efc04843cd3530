"""Runtime of rows B8 to B11: Keras's EarlyStopping twice, on validation loss and accuracy.

The run ends when either of them has not improved for 10 epochs. As in all configs here, the best
checkpoint is the one with the highest validation accuracy.
"""
_base_ = './classification_runtime.py'

default_hooks = dict(
    early_stop_loss=dict(
        type='EarlyStopHook', monitor='loss', patience=10, restore_best=False),
    early_stop_accuracy=dict(type='EarlyStopHook', monitor='accuracy/top1', patience=10))
