"""Adam of report D: lr 1e-6 / (1 + 0.001 * iteration) in most rows, up to 100 epochs."""
_base_ = '../optimizers/keras.py'

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(_base_.keras.Adam, lr=1e-6))
param_scheduler = [dict(type='TimeDecayLR', decay=1e-3, by_epoch=False)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
