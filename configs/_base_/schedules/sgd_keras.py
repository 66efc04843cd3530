"""SGD as report B starts with: lr 0.01, momentum 0.9, Keras's decay 1e-6 per iteration."""
_base_ = '../optimizers/keras.py'

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(_base_.keras.SGD, momentum=0.9))
param_scheduler = [dict(type='TimeDecayLR', decay=1e-6, by_epoch=False)]
train_cfg = dict(by_epoch=True, max_epochs=25, val_interval=1)
val_cfg = dict()
test_cfg = dict()
