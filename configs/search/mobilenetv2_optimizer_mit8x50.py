"""E13, reduced: which optimizer, rate, decay, dropout and BatchNorm for a head on frozen features?

E13's space without what needs a GPU: MobileNetV2's features of 50 training images per class,
computed once without augmentation; a hidden layer of 512 on them. Validated as in the reduced E11.

    python tools/search.py configs/search/mobilenetv2_optimizer_mit8x50.py
"""
_base_ = '../_base_/optimizers/keras.py'

base = '../mobilenet_v2/mobilenetv2-fc512_frozen_1xb64-5e_mit8-96px.py'
metric = 'accuracy/top1'
epochs = 40
changes = {'+model.head.in_norm_cfg': None}
for part, split, most in (('train', 'train', 50), ('val', 'test', None)):
    changes[f'{part}_dataloader.dataset.part'] = 'all'
    changes[f'{part}_dataloader.dataset.val_fraction'] = None
    for key, value in dict(split=split, held_out=0.5, seed=0, max_per_class=most).items():
        changes[f'+{part}_dataloader.dataset.source.{key}'] = value
space = dict(
    optimizer=dict(type='categorical', key='optim_wrapper.optimizer', values={
        **{name: dict(_base_.keras[name], lr=1e-3, weight_decay=0.)
           for name in ('Adam', 'NAdam', 'Adamax', 'Adagrad', 'Adadelta')},
        'SGD': dict(_base_.keras.SGD, lr=1e-3, weight_decay=0., momentum=0.)}),
    weight_decay=dict(
        type='log_uniform', low=1e-5, high=0.3, key='optim_wrapper.optimizer.weight_decay'),
    momentum=dict(
        type='categorical', values=[0.5, 0.8, 0.9], key='optim_wrapper.optimizer.momentum',
        when=dict(optimizer=['SGD'])),
    dropout=dict(type='categorical', values=[0., 0.25, 0.5], key='model.head.dropouts.1'),
    lr=dict(type='log_uniform', low=1e-5, high=1e-2, key='optim_wrapper.optimizer.lr'),
    batch=dict(type='categorical', values=[10, 32, 64, 128], key='train_dataloader.batch_size'),
    batch_norm=dict(type='choices', choices=dict(
        no={}, yes={'model.head.in_norm_cfg': dict(type='BN1d', eps=1e-3, momentum=0.01)})))
sampler = 'tpe'
n_trials = 20
pruner = dict(type='median', startup_trials=6, warmup_epochs=10)
keras = None  # the base's, used above; no key of a search
del part, split, most, key, value
