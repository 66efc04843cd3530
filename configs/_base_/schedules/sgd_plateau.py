"""SGD of report A: lr 0.01, a tenth of it whenever the validation loss stops improving.

The report gives only the optimizer, initial rate and scheduler. Assumed: momentum 0.9, no weight
decay, and PyTorch's defaults for the plateau (factor 0.1, patience 10 epochs).
"""
optim_wrapper = dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.01, momentum=0.9))
param_scheduler = [dict(type='ReduceLROnPlateau', monitor='loss', factor=0.1, patience=10)]
train_cfg = dict(by_epoch=True, max_epochs=25, val_interval=1)
val_cfg = dict()
test_cfg = dict()
auto_scale_lr = dict(base_batch_size=64)
