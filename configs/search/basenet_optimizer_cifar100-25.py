"""B1 and B2, and more: which optimizer trains BaseNet best in 25 epochs?

The trials with SGD and Adam are rows B1 and B2. Reported accuracy (test): B1 44.16, B2 45.12.
Assumed: Keras's defaults for each optimizer; B1's learning rate decay for SGD only.

    python tools/search.py configs/search/basenet_optimizer_cifar100-25.py
"""
base = '../basenet/basenet_scratch_1xb64-25e_cifar100-25-32px.py'
metric = 'accuracy/top1'
_others = dict(
    Adam=dict(type='Adam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    NAdam=dict(type='NAdam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    Adamax=dict(type='Adamax', lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    RMSprop=dict(type='RMSprop', lr=1e-3, alpha=0.9, eps=1e-7),
    Adagrad=dict(type='Adagrad', lr=1e-3, initial_accumulator_value=0.1, eps=1e-7),
    Adadelta=dict(type='Adadelta', lr=1e-3, rho=0.95, eps=1e-7))
space = dict(optimizer=dict(type='choices', choices=dict(SGD={}, **{
    name: {'optim_wrapper.optimizer': optimizer, 'param_scheduler': []}
    for name, optimizer in _others.items()})))
enumerated = [dict(optimizer='SGD'), dict(optimizer='Adam')]
del _others
