"""The 8 scenes of MIT (report E): 1 881 images of 256x256 for training, 807 for the test.

The report validated on those 807, which are the official test part. Here a tenth of
train/ is for validation, and only tools/test.py reads test/.
"""
_base_ = ['array_dataset.py']
size = (256, 256)
train_source = dict(
    type='class_folder', data_root='data/MIT_split/train', size=size, resize='stretch',
    classes=['Opencountry', 'coast', 'forest', 'highway', 'inside_city', 'mountain', 'street',
             'tallbuilding'])
test_source = dict(train_source, data_root='data/MIT_split/test')
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=size, resize='stretch'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(batch_size=64, dataset=dict(source=train_source))
test_dataloader = dict(batch_size=64, dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline, size
