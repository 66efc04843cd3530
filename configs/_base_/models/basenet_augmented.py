"""BaseNet with the augmentation of row B4, which every later row of report B keeps.

The steps of Keras's ImageDataGenerator, in the order in which Keras applies them.
"""
_base_ = './basenet.py'

model = dict(
    data_preprocessor=dict(
        train_geometry=[
            dict(type='RandomRotation', degrees=20),
            dict(type='RandomShift', width=0.1, height=0.1),
            dict(type='RandomZoom', zoom_range=0.2),
            dict(type='RandomFlip', prob=0.5, direction='horizontal')],
        fill='nearest'))
