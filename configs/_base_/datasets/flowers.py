"""TensorFlow's flower_photos (report D): 35 images per class for the test, the rest 80/20.

The report's test images, 35 per class, came from Google; ours are held out of the data set, chosen
at random with seed 0. Images are stretched to 224x224, as Keras's target_size does.
"""
_base_ = ['array_dataset.py']
size = (224, 224)
train_source = dict(
    type='class_folder', data_root='data/flower_photos', size=size, resize='stretch',
    classes=['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips'],
    split='train', held_out=35, seed=0)
test_source = dict(train_source, split='test')
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=size, resize='stretch'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=train_source, val_fraction=0.2))
val_dataloader = dict(batch_size=64, dataset=dict(source=train_source, val_fraction=0.2))
test_dataloader = dict(batch_size=64, dataset=dict(source=test_source, pipeline=pipeline))
# Already copied: changing them in a leaf would have no effect.
del train_source, test_source, pipeline, size
