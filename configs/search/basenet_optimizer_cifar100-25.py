"""B1 and B2, and more: which optimizer trains BaseNet best in 25 epochs?

The trials with SGD and Adam are rows B1 and B2. Reported accuracy (test): B1 44.16, B2 45.12.
Assumed: Keras's defaults for each optimizer; B1's learning rate decay for SGD only.

    python tools/search.py configs/search/basenet_optimizer_cifar100-25.py
"""
_base_ = '../_base_/optimizers/keras.py'

base = '../basenet/basenet_scratch_1xb64-25e_cifar100-25-32px.py'
metric = 'accuracy/top1'
space = dict(optimizer=dict(type='choices', choices=dict(SGD={}, **{
    name: {'optim_wrapper.optimizer': _base_.keras[name], 'param_scheduler': []}
    for name in ('Adam', 'NAdam', 'Adamax', 'RMSprop', 'Adagrad', 'Adadelta')})))
enumerated = [dict(optimizer='SGD'), dict(optimizer='Adam')]
keras = None  # the base's, used above; no key of a search
