"""Does training on the whole network from ImageNet weights help on the 5 kinds of flowers?

Reported: nothing; report A does this with VGG16. Same as the linear probe, but all layers are
trainable, at a tenth of its learning rate, with random horizontal flips.

    python tools/train.py configs/mobilenet_v2/mobilenetv2_finetune_1xb64-5e_flowers-96px.py
"""
_base_ = './mobilenetv2_frozen_1xb64-5e_flowers-96px.py'
model = dict(
    trainable=None,
    data_preprocessor=dict(
        train_geometry=[dict(type='RandomFlip', prob=0.5, direction='horizontal')]))
optim_wrapper = dict(optimizer=dict(lr=1e-4))
default_hooks = dict(feature_cache=dict(enabled=False))
