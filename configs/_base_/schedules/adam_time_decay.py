"""Adam of report D: lr 1e-6 / (1 + 0.001 * iteration) in most rows, up to 100 epochs."""
optim_wrapper = dict(
    type='OptimWrapper', optimizer=dict(type='Adam', lr=1e-6, betas=(0.9, 0.999), eps=1e-7))
param_scheduler = [dict(type='TimeDecayLR', decay=1e-3, by_epoch=False)]
train_cfg = dict(by_epoch=True, max_epochs=100, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=32)
