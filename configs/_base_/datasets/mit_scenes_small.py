"""The 8 scenes of MIT with 50 training images per class (report E's `small`).

First a tenth of train/ is set aside for validation, then 50 images per class are chosen from the
rest: validation and test images are exactly those of mit_scenes.py. This is why the sources split
train/ themselves, instead of ArrayDataset; a source calls the part that it sets aside 'test'.
"""
_base_ = ['mit_scenes.py']
train_dataloader = dict(dataset=dict(
    part='all', val_fraction=None,
    source=dict(split='train', held_out=0.1, seed=0, max_per_class=50)))
val_dataloader = dict(dataset=dict(
    part='all', val_fraction=None, source=dict(split='test', held_out=0.1, seed=0)))
