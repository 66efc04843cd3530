"""What do the 5 kinds of flowers teach EfficientNet-Lite0 from random weights?

Reported: nothing; report A does this with VGG16. Same as fine-tuning, but from scratch, for
twice the epochs at ten times the learning rate.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0_scratch_1xb64-10e_flowers-224px.py
"""
_base_ = './efficientnet-lite0_finetune_1xb64-5e_flowers-224px.py'
model = dict(backbone=dict(init_cfg=None))  # timm draws them
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=10)
