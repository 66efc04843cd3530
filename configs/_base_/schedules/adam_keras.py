"""Adam with Keras's defaults: lr 1e-3, betas 0.9 and 0.999, epsilon 1e-7."""
_base_ = '../optimizers/keras.py'

optim_wrapper = dict(type='OptimWrapper', optimizer=_base_.keras.Adam)
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=25, val_interval=1)
val_cfg = dict()
test_cfg = dict()
