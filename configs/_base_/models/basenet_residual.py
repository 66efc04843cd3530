"""BaseNet's residual variant (row B11) with its normalisation, augmentation and dropout."""
_base_ = './basenet.py'

model = dict(
    data_preprocessor=dict(
        # Keras ImageDataGenerator of row B4, in the order in which Keras composes it.
        train_geometry=[
            dict(type='RandomRotation', degrees=20),
            dict(type='RandomShift', width=0.1, height=0.1),
            dict(type='RandomZoom', zoom_range=0.2),
            dict(type='RandomFlip', prob=0.5, direction='horizontal')],
        fill='nearest'),
    backbone=dict(arch='residual', norm=True),
    head=dict(
        in_channels=4096, mid_channels=[512], dropouts=[0.25, 0.5],
        norm_cfg=dict(type='BN1d', eps=1e-3, momentum=0.01)))
