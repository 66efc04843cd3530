"""E11, reduced: with 50 training images per class, do horizontal flips win, vertical ones lose?

E11's question for a machine without a GPU: a linear head is trained on MobileNetV2's frozen
features of ten augmented views per image (one view without augmentation). Half of the training
split is for validation (941 images; E10's tenth is only 187, where one image is half a percent).
Mean of three seeds.

    python tools/search.py configs/search/mobilenetv2_augmentation_mit8x50.py
"""
base = '../mobilenet_v2/mobilenetv2_frozen_1xb64-5e_mit8-96px.py'
metric = 'accuracy/top1'
epochs = 40
seeds = [0, 1, 2]
steps = 'model.data_preprocessor.train_geometry'
changes = {
    steps: [
        dict(type='RandomZoom', zoom_range=0.),
        dict(type='RandomFlip', prob=0., direction='horizontal'),
        dict(type='RandomFlip', prob=0., direction='vertical')],
    '+default_hooks.feature_cache.views': 10}
for part, split, most in (('train', 'train', 50), ('val', 'test', None)):
    # As in _base_/datasets/mit_scenes_small.py, the source splits the training images.
    changes[f'{part}_dataloader.dataset.part'] = 'all'
    changes[f'{part}_dataloader.dataset.val_fraction'] = None
    for key, value in dict(split=split, held_out=0.5, seed=0, max_per_class=most).items():
        changes[f'+{part}_dataloader.dataset.source.{key}'] = value
space = dict(
    zoom=dict(type='categorical', values=[0., 0.2], key=f'{steps}.0.zoom_range'),
    horizontal_flip=dict(
        type='categorical', values=dict(off=0., on=0.5), key=f'{steps}.1.prob'),
    vertical_flip=dict(
        type='categorical', values=dict(off=0., on=0.5), key=f'{steps}.2.prob'))
del steps, part, split, most, key, value
