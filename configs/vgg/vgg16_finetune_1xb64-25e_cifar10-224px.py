"""A5: what do 224 px and augmentation add to fine-tuning at 64 px, for six times the hours?

Reported (test): mCA 94.43, in 5 h 20; A2 has 93.71 in 54 min.
Assumed: 25 epochs; as A2 otherwise (momentum 0.9, no weight decay, factor 0.1, patience 10, the
hidden classifier layers from ImageNet, the last one at random).
Rotation is bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16_finetune_1xb64-25e_cifar10-224px.py
"""
_base_ = './vgg16_finetune_1xb64-30e_cifar10-64px.py'

model = dict(data_preprocessor=_base_.aug_a)
train_cfg = dict(max_epochs=25)
