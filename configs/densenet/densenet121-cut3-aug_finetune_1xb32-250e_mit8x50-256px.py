"""E11: how much of E10's overfitting do horizontal flips and zoom take away?

They won the report's grid of 128 augmentations, which is a search of its own:
configs/search/densenet121-cut3_augmentation_mit8x50.py.
Reported (validation): accuracy 89.5 (88.1 in a second table); E10 has 84.5.
Assumed: as E10; zoom 0.2 as in Keras (its two axes independent), areas outside the image take the
nearest pixel.

    python tools/train.py configs/densenet/densenet121-cut3-aug_finetune_1xb32-250e_mit8x50-256px.py
"""
_base_ = './densenet121-cut3_finetune_1xb32-250e_mit8x50-256px.py'
model = dict(data_preprocessor=dict(
    train_geometry=[
        dict(type='RandomZoom', zoom_range=0.2),
        dict(type='RandomFlip', prob=0.5, direction='horizontal')],
    fill='nearest'))
