"""scikit-learn's handwritten digits as make_sample_data.py lays them out: class folders, 8x8 px."""
_base_ = ['array_dataset.py']
size = (8, 8)
train_source = dict(type='class_folder', data_root='data/sample/digits/train', size=size)
test_source = dict(type='class_folder', data_root='data/sample/digits/test', size=size)
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=size, resize='center_crop'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline, size
