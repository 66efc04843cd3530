"""A2: what do ImageNet's weights add to A1, in accuracy and in time?

Reported (test): accuracy 93.73, mCA 93.71, in 54 min; A1 has 84.76 in 3 h 05.
Assumed: as A1 (momentum 0.9, no weight decay, factor 0.1, patience 10); the two hidden classifier
layers start from ImageNet too, the last one at random. torchvision pools 2x2 maps up to 7x7.

    python tools/train.py configs/vgg/vgg16_finetune_1xb64-30e_cifar10-64px.py
"""
_base_ = './vgg16_scratch_1xb64-50e_cifar10-64px.py'

model = dict(init_cfg=[dict(type='Pretrained', checkpoint='torchvision://vgg16')])
train_cfg = dict(max_epochs=30)
