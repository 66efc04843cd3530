"""Keras's optimizers with its default constants, as PyTorch's classes compute them.

SGD, NAdam, Adamax, Adagrad and Adadelta then step as Keras 3 does. What no argument changes:

- Adam and AdamW: Keras adds epsilon before the bias correction, PyTorch behind it. Keras's first
  step is 0.3 % shorter at a gradient of 1e-3 and 23 % at 1e-5, its 1000th 0.003 % and 0.3 %.
- RMSprop: Keras adds epsilon below the root. Its first step is 29 % shorter at a gradient of 1e-3,
  and about 100 times shorter at 1e-5.
- Momentum (SGD, RMSprop): Keras's velocity contains the rate, PyTorch's is multiplied by it. They
  differ only while a changed rate fades out: a cut acts on PyTorch's velocity at once.
- weight_decay: decoupled in Keras; PyTorch adds it to the gradient, except in AdamW.

    optim_wrapper = dict(type='OptimWrapper', optimizer=dict(_base_.keras.Adam, lr=1e-4))
"""
keras = dict(
    SGD=dict(type='SGD', lr=0.01),
    Adam=dict(type='Adam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    AdamW=dict(type='AdamW', lr=1e-3, betas=(0.9, 0.999), eps=1e-7, weight_decay=0.004),
    # Keras's momentum grows as 1 - 0.96^t / 2, PyTorch's by default 250 times as slowly.
    NAdam=dict(type='NAdam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7, momentum_decay=1.),
    Adamax=dict(type='Adamax', lr=1e-3, betas=(0.9, 0.999), eps=1e-7),
    RMSprop=dict(type='RMSprop', lr=1e-3, alpha=0.9, eps=1e-7),
    Adagrad=dict(type='Adagrad', lr=1e-3, initial_accumulator_value=0.1, eps=1e-7),
    Adadelta=dict(type='Adadelta', lr=1e-3, rho=0.95, eps=1e-7))
