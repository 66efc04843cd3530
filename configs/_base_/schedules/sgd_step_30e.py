"""SGD of report C: 30 epochs from lr 0.1.

The report gives only the initial rate. Assumed: momentum 0.9, no weight decay, a tenth of the
rate after every 10 epochs.
"""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1, momentum=0.9))
param_scheduler = [dict(type='StepLR', step_size=10, gamma=0.1, by_epoch=True)]
train_cfg = dict(by_epoch=True, max_epochs=30, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=128)
