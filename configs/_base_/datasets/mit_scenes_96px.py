"""The 8 scenes of MIT at 96x96 px."""
_base_ = ['mit_scenes.py']
size = (96, 96)
source = dict(size=size)
pipeline = [dict(type='LoadImageFromFile'),
            dict(type='FitPicture', size=size, resize='stretch'),
            dict(type='PackInputs')]

train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
test_dataloader = dict(dataset=dict(source=source, pipeline=pipeline))
del source, pipeline, size
