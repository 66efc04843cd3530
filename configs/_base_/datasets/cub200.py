"""Caltech-UCSD Birds 200-2010 (report B): the official lists, 3 000 images to train, 3 033 to test.

A tenth of each class of the training list is for validation. Images are stretched to 224x224,
as Keras's target_size does.
"""
_base_ = ['array_dataset.py']
size = (224, 224)
train_source = dict(
    type='cub200', data_root='data/CUB_200_2010', split='train', size=size, resize='stretch')
test_source = dict(train_source, split='test')
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=size, resize='stretch'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(batch_size=64, dataset=dict(source=train_source))
test_dataloader = dict(batch_size=64, dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline, size
