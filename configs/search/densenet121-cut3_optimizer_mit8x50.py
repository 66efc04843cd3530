"""E13: which optimizer, weight decay, momentum, dropout, rate, batch and BatchNorm for E12?

The report's table of eight first, then 30 trials. Its best: Adamax, validation accuracy 95.18; it
has a config of its own (densenet121-cut3-adamax).
In the table's order: 93.83, 94.44, 95.18, 88.0, 91.7, 79, 21, 92. The second and third row are
equal: the same values, trained twice; here the third reuses the second's result.
Assumed: weight decay is added to the gradient, as PyTorch does; momentum is SGD's alone (the
table has 1 where an optimizer has none, and .5 for Adadelta, which has none either); the bounds
of the space; early stopping as in E12, and pruning at the median: few trials get 300 epochs.

    python tools/search.py configs/search/densenet121-cut3_optimizer_mit8x50.py
"""
_base_ = '../_base_/optimizers/keras.py'

base = '../densenet/densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py'
metric = 'accuracy/top1'
epochs = 300
space = dict(
    optimizer=dict(type='categorical', key='optim_wrapper.optimizer', values={
        **{name: dict(_base_.keras[name], lr=1e-4, weight_decay=0.)
           for name in ('Adam', 'NAdam', 'Adamax', 'Adagrad', 'Adadelta', 'RMSprop')},
        'SGD': dict(_base_.keras.SGD, lr=1e-4, weight_decay=0., momentum=0.)}),
    weight_decay=dict(
        type='log_uniform', low=1e-5, high=0.3, key='optim_wrapper.optimizer.weight_decay'),
    momentum=dict(
        type='categorical', values=[0.5, 0.8, 0.9], key='optim_wrapper.optimizer.momentum',
        when=dict(optimizer=['SGD'])),
    dropout=dict(type='categorical', values=[0., 0.25, 0.5], key='model.head.dropouts.0'),
    lr=dict(type='log_uniform', low=1e-5, high=1e-3, key='optim_wrapper.optimizer.lr'),
    batch=dict(
        type='categorical', values=[10, 32, 64, 128],
        key=['train_dataloader.batch_size', 'auto_scale_lr.base_batch_size']),
    batch_norm=dict(type='choices', choices=dict(yes={}, no={'model.head.in_norm_cfg': None})))
_columns = ('optimizer', 'weight_decay', 'dropout', 'lr', 'batch', 'batch_norm')
enumerated = [dict(zip(_columns, row, strict=True)) for row in (
    ('NAdam', 0.01, 0.5, 1e-5, 10, 'yes'), ('Adamax', 0.3, 0.5, 1e-4, 10, 'yes'),
    ('Adamax', 0.3, 0.5, 1e-4, 10, 'yes'), ('Adagrad', 0.001, 0.5, 1e-4, 128, 'yes'),
    ('Adamax', 1e-5, 0.5, 1e-5, 64, 'no'), ('SGD', 0.001, 0.5, 1e-5, 64, 'yes'),
    ('Adadelta', 0.001, 0.5, 1e-4, 10, 'no'), ('Adam', 0.1, 0.5, 1e-5, 128, 'yes'))]
enumerated[5].update(momentum=0.8)
sampler = 'tpe'
n_trials = 38
pruner = dict(type='median', startup_trials=8, warmup_epochs=20)
keras = None  # the base's, used above; no key of a search
del _columns
