"""What do the 8 MIT scenes teach the same network from random weights?

Reported: nothing; report A does this with VGG16. Same as fine-tuning, but from scratch, for
twice the epochs at ten times the learning rate.

    python tools/train.py configs/mobilenet_v2/mobilenetv2_scratch_1xb64-10e_mit8-96px.py
"""
_base_ = './mobilenetv2_finetune_1xb64-5e_mit8-96px.py'
model = dict(backbone=dict(init_cfg=[
    dict(type='Kaiming', layer='Conv2d'),
    dict(type='Constant', val=1, layer=['_BatchNorm', 'GroupNorm'])]))
optim_wrapper = dict(optimizer=dict(lr=1e-3))
train_cfg = dict(max_epochs=10)
