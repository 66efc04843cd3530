"""A10: is a tenth of A9's learning rate, for 15 epochs, enough for ImageNet's weights?

Reported (test): mCA 94.57, in 1 h 10; A9 has 95.47 in 2 h 01.
Assumed: as A9 (momentum 0.9, no weight decay, factor 0.1, patience 10).
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/resnet/resnet18_finetune-lr1e-3_1xb64-15e_cifar10-224px.py
"""
_base_ = './resnet18_finetune_1xb64-25e_cifar10-224px.py'

optim_wrapper = dict(optimizer=dict(lr=0.001))
train_cfg = dict(max_epochs=15)
