"""CIFAR-10: 50 000 training images, a tenth of them for validation; 10 000 test images."""
_base_ = ['array_dataset.py']
train_source = dict(type='cifar10', data_root='data/cifar10', split='train')
test_source = dict(type='cifar10', data_root='data/cifar10', split='test')
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=(32, 32), resize='center_crop'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline
