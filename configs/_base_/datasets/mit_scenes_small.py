"""The 8 scenes of MIT with 50 training images per class (report E's `small`).

First a tenth of train/ is set aside, then 50 per class are chosen from what remains: validation
and test are those of mit_scenes.py image by image, and only the training set is smaller. So the
sources divide train/, not ArrayDataset; a source calls the part set aside 'test'.
"""
_base_ = ['mit_scenes.py']
train_dataloader = dict(dataset=dict(
    part='all', val_fraction=None,
    source=dict(split='train', held_out=0.1, seed=0, max_per_class=50)))
val_dataloader = dict(dataset=dict(
    part='all', val_fraction=None, source=dict(split='test', held_out=0.1, seed=0)))
