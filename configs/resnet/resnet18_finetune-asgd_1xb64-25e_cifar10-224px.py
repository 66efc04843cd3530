"""A11: does averaged SGD do better than A9's SGD with momentum?

Reported (test): mCA 95.45, in 1 h 54; A9 has 95.47.
Assumed: PyTorch's ASGD with its defaults, lr 0.01; plateau as A9. With these, averaging starts
after a million steps, but 25 epochs have only 17 600: in effect this is SGD without momentum, with
weight decay 1e-4 and a rate that also falls by 1.3 % over the run.
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/resnet/resnet18_finetune-asgd_1xb64-25e_cifar10-224px.py
"""
_base_ = './resnet18_finetune_1xb64-25e_cifar10-224px.py'

optim_wrapper = dict(optimizer=dict(_delete_=True, type='ASGD', lr=0.01))
