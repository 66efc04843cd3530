"""Row B5's recipe on CIFAR-10: does BatchNorm help there, too?

One step of the ladder B1 to B11. Reported: nothing; the report uses 25 classes of CIFAR-100. As
there, each class has 500 images for training and validation. Here a batch has 64 in all steps; in
the rows from B3 on it is assumed to have 32. Our result is in results.csv.

    python tools/train.py configs/basenet/basenet-bn_scratch_1xb64-25e_cifar10-500-32px.py
"""
_base_ = './basenet-aug_scratch_1xb64-25e_cifar10-500-32px.py'
model = dict(backbone=dict(norm=True))
