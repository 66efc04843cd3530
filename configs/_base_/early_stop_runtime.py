"""Runtime of rows B8 to B11: Keras's EarlyStopping twice, on validation loss and accuracy.

Whichever has seen no improvement for 10 epochs ends the run. The weights restored then are those
of the best accuracy, as everywhere here.
"""
_base_ = './classification_runtime.py'

default_hooks = dict(
    early_stop_loss=dict(
        type='EarlyStopHook', monitor='loss', patience=10, restore_best=False),
    early_stop_accuracy=dict(type='EarlyStopHook', monitor='accuracy/top1', patience=10))
