"""Input recipes of report A for CIFAR-10's 32 px images, as torchvision defines their steps.

A leaf selects one with ``model = dict(data_preprocessor=_base_.aug_a)``. Mean and std are the
report's times 255. Areas outside the image are black before normalisation.
"""
normalized = dict(
    mean=[125.3325, 122.9865, 113.934], std=[62.985, 62.0925, 66.708], fill=0, color=[])
affine = dict(type='RandomAffine', degrees=0, shear=10, scale=(0.8, 1.2))
jitter = dict(type='ColorJitter', brightness=0.2, contrast=0.2, saturation=0.2)
resize_64px = [dict(type='Resize', size=(64, 64))]
resize_224px = [dict(type='Resize', size=(224, 224))]

plain_64px = dict(
    **normalized, input_size=(64, 64), train_geometry=resize_64px, eval_geometry=resize_64px)
affine_64px = dict(plain_64px, train_geometry=[*resize_64px, affine], color=[jitter])

moves = [dict(type='RandomRotation', degrees=5),
         dict(type='RandomFlip', prob=0.5, direction='horizontal')]

aug_a = dict(
    **normalized, input_size=(224, 224),
    train_geometry=[
        *resize_224px, *moves, dict(type='RandomCrop', size=(224, 224), padding=10)],
    eval_geometry=resize_224px)
aug_a_plus = dict(
    aug_a, train_geometry=[*aug_a['train_geometry'], affine], color=[jitter])
aug_a_plus_64px = dict(
    affine_64px, train_geometry=[
        *resize_64px, *moves, dict(type='RandomCrop', size=(64, 64), padding=10), affine])
