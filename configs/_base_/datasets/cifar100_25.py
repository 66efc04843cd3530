"""CIFAR-100, fine labels 0-24 (report B): 12 500 images, a tenth for validation; 2 500 for test."""
_base_ = ['array_dataset.py']
train_source = dict(
    type='cifar100', data_root='data/cifar100', split='train', classes=list(range(25)))
test_source = dict(
    type='cifar100', data_root='data/cifar100', split='test', classes=list(range(25)))
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=(32, 32), resize='center_crop'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline
