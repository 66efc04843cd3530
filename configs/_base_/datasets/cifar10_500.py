"""CIFAR-10 with 500 images per class to train and validate on, as report B's classes have."""
_base_ = ['cifar10.py']
source = dict(max_per_class=500)

train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
del source
