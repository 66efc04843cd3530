"""A5+: does A7's and A8's stronger augmentation help where all of VGG16 is fine-tuned?

Reported: nothing; the report proposes it ("these changes on the model without freeze") and stops.
A5 has mCA 94.43 with rotation, flip and crop alone.
Assumed: as A5; shear 10 degrees, scale 0.8 to 1.2 and colour 0.2 as in A8.
Rotation and affine are bilinear here; torchvision's default is nearest.

    python tools/train.py configs/vgg/vgg16_finetune-aug_1xb64-25e_cifar10-224px.py
"""
_base_ = './vgg16_finetune_1xb64-25e_cifar10-224px.py'

model = dict(data_preprocessor=_base_.aug_a_plus)
