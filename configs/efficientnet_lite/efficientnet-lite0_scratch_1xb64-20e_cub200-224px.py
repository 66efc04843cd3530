"""What do 200 species of birds teach EfficientNet-Lite0 from random weights?

Reported: nothing; report A does this with VGG16. Same as fine-tuning, but from scratch, for
twice the epochs at ten times the learning rate.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0_scratch_1xb64-20e_cub200-224px.py
"""
_base_ = './efficientnet-lite0_finetune_1xb64-10e_cub200-224px.py'
model = dict(backbone=dict(init_cfg=None))  # timm draws them
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=20)
