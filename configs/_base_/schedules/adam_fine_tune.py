"""Adam at a constant 1e-4 for 300 epochs: what report E's rows are assumed to have used.

The report gives no optimizer or learning rate before its search, which tries 1e-4 and 1e-5 and
finds Adam and its variants best.
"""
_base_ = '../optimizers/keras.py'

optim_wrapper = dict(type='OptimWrapper', optimizer=dict(_base_.keras.Adam, lr=1e-4))
param_scheduler = []
train_cfg = dict(by_epoch=True, max_epochs=300, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
