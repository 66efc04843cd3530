"""Does training on the whole EfficientNet-Lite0 help on the 5 kinds of flowers?

Reported: nothing; report A does this with VGG16. Same as the linear probe, but all layers are
trainable, at a tenth of its learning rate, with random horizontal flips.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0_finetune_1xb64-5e_flowers-224px.py
"""
_base_ = './efficientnet-lite0_frozen_1xb64-5e_flowers-224px.py'
model = dict(
    trainable=None,
    data_preprocessor=dict(train_geometry=[
        dict(type='Resize', size=(224, 224)),
        dict(type='RandomFlip', prob=0.5, direction='horizontal')]))
optim_wrapper = dict(optimizer=dict(lr=1e-4))
default_hooks = dict(feature_cache=dict(enabled=False))
