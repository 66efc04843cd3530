"""A8: does a batch of 32, half of A9's, fine-tune ResNet18 better?

Reported (test): mCA 95.15, in 2 h 12; A9 has 95.47.
Assumed: as A9 (momentum 0.9, no weight decay, factor 0.1, patience 10).
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/resnet/resnet18_finetune_1xb32-25e_cifar10-224px.py
"""
_base_ = './resnet18_finetune_1xb64-25e_cifar10-224px.py'

train_dataloader = dict(batch_size=32)
auto_scale_lr = dict(base_batch_size=32)
