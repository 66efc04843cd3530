"""E11: which augmentation keeps E10 from overfitting?

The report's grid of 128: rotation, both shifts, shear, zoom and both flips, each off or on. Its
winner, which has a config of its own (densenet121-cut3-aug): horizontal flip and zoom 0.2,
validation accuracy 89.5 (88.1 in a second table); E10 has 84.5.
Assumed: Keras's ImageDataGenerator with 0.2 for both shifts and for shear (a fifth of a degree, as
Keras reads it), fill nearest; 50 epochs per trial instead of E10's 250.

    python tools/search.py configs/search/densenet121-cut3_augmentation_mit8x50.py
"""
base = '../densenet/densenet121-cut3_finetune_1xb32-250e_mit8x50-256px.py'
metric = 'accuracy/top1'
epochs = 50
# In Keras's order; a step whose numbers are 0 is skipped.
changes = {'model.data_preprocessor.train_geometry': [
    dict(type='RandomRotation', degrees=0), dict(type='RandomShift', width=0., height=0.),
    dict(type='RandomShear', shear_range=0.), dict(type='RandomZoom', zoom_range=0.),
    dict(type='RandomFlip', prob=0., direction='horizontal'),
    dict(type='RandomFlip', prob=0., direction='vertical')]}
steps = 'model.data_preprocessor.train_geometry'
space = dict(
    rotation=dict(type='categorical', values=[0, 20], key=f'{steps}.0.degrees'),
    width_shift=dict(type='categorical', values=[0., 0.2], key=f'{steps}.1.width'),
    height_shift=dict(type='categorical', values=[0., 0.2], key=f'{steps}.1.height'),
    shear=dict(type='categorical', values=[0., 0.2], key=f'{steps}.2.shear_range'),
    zoom=dict(type='categorical', values=[0., 0.2], key=f'{steps}.3.zoom_range'),
    horizontal_flip=dict(
        type='categorical', values=dict(off=0., on=0.5), key=f'{steps}.4.prob'),
    vertical_flip=dict(
        type='categorical', values=dict(off=0., on=0.5), key=f'{steps}.5.prob'))
del steps
