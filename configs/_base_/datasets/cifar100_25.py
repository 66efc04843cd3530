"""CIFAR-100, fine labels 0-24 (report B): 12 500 images, a tenth for validation; 2 500 for test."""
_base_ = ['array_dataset.py']
train_source = dict(
    type='cifar100', data_root='data/cifar100', split='train', classes=list(range(25)))
test_source = dict(
    type='cifar100', data_root='data/cifar100', split='test', classes=list(range(25)))

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source))
del train_source, test_source  # already copied; changing them in a leaf would have no effect
