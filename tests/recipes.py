"""What the five reports say of each experiment, as test_recipes.py compares it with its config.

Typed from the tables of the reports, not from the configs. A recipe says one thing a key; the
recipes of a study build on each other as the reports' rows do. What a report leaves out and the
configs assume is marked "assumed".
"""
from typing import Any

Recipe = dict[str, Any]

COMMON: Recipe = dict(
    # training
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9), schedule=[], batch=64, epochs=25,
    best='accuracy/top1', stops={}, phases=None, fit_normalization=False,
    # images: source, classes and share that validates
    source='cifar10', roots=('data/cifar10', 'data/cifar10'), classes=None, source_options={},
    splits=('train', 'train', 'test'), parts=('train', 'val', None), val_fraction=0.1,
    # preprocessor
    input_size=(224, 224), mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375),
    to_bgr=False, train_geometry=[dict(type='Resize', size=(224, 224))],
    eval_geometry=[dict(type='Resize', size=(224, 224))], color=[], fill='nearest',
    # model: backbone without its norm and start; the head's widths from its input to the classes
    neck=dict(type='GlobalAveragePooling'), dropouts=(0.,), head_norm=None, input_norm=None,
    output='CrossEntropyLoss', batch_norm=(1e-5, 0.1), norm_eval=False,
    trainable=None, weights={}, random={})


def glorot(*layers: str) -> dict[str, Any]:
    """Keras's start of a part's layers."""
    return dict(type='Xavier', distribution='uniform', layer=layers)


def resize(side: int) -> list[dict[str, Any]]:
    """The one geometry step of images that are not augmented."""
    return [dict(type='Resize', size=(side, side))]


def square(side: int) -> Recipe:
    """Input of a size without augmentation."""
    return dict(input_size=(side, side), train_geometry=resize(side), eval_geometry=resize(side))


# A: CIFAR-10, SGD 0.01 (momentum, decay assumed) with ReduceLROnPlateau on the validation loss
A = COMMON | dict(
    schedule=[dict(type='ReduceLROnPlateau', monitor='loss', factor=0.1, patience=10)],
    mean=(125.3325, 122.9865, 113.934),  # 255 * (0.4915, 0.4823, 0.4468)
    std=(62.985, 62.0925, 66.708),  # 255 * (0.2470, 0.2435, 0.2616)
    fill=0)
SHEAR = dict(type='RandomAffine', degrees=0, shear=10, scale=(0.8, 1.2))
JITTER = [dict(type='ColorJitter', brightness=0.2, contrast=0.2, saturation=0.2)]


def moved(side: int) -> list[dict[str, Any]]:
    """The geometry of aug-A."""
    return [*resize(side), dict(type='RandomRotation', degrees=5),
            dict(type='RandomFlip', prob=0.5, direction='horizontal'),
            dict(type='RandomCrop', size=(side, side), padding=10)]


AUG_A = square(224) | dict(train_geometry=moved(224))
AUG_A_PLUS = AUG_A | dict(train_geometry=[*moved(224), SHEAR], color=JITTER)
VGG16 = dict(
    backbone=dict(type='VGG', depth=16), neck=dict(type='AdaptivePoolNeck', output_size=7),
    widths=(25088, 4096, 4096, 10), dropouts=(0., 0.5, 0.5),
    random={'head': dict(type='Normal', layer=('Linear',), std=0.01)})  # torchvision's
# LogSoftmax and NLLLoss, i.e. the cross-entropy of the logits
DENSE = A | VGG16 | AUG_A | dict(
    widths=(25088, 8192, 4096, 4096, 10), dropouts=(0., 0.5, 0.5, 0.5),
    trainable=['head'], weights={'backbone': ('torchvision://vgg16', ())}, random={})
DENSE_2048 = DENSE | dict(widths=(25088, 2048, 2048, 2048, 10))
FAST = dict(optimizer=dict(type='SGD', lr=0.05, momentum=0.9))
RESNET18 = dict(
    backbone=dict(type='ResNet', depth=18, zero_init_residual=False), widths=(512, 10))
A9 = A | RESNET18 | AUG_A_PLUS | dict(weights={'backbone': ('torchvision://resnet18', ())})
A2 = A | VGG16 | square(64) | dict(epochs=30, weights={'model': ('torchvision://vgg16', ())})
ROWS_A: dict[str, Recipe] = {
    'A1': A | VGG16 | square(64) | dict(epochs=50),
    'A2': A2,
    'A3': DENSE,
    'A4': DENSE_2048,
    'A5': A2 | AUG_A | dict(epochs=25),
    'A5+': A2 | AUG_A_PLUS | dict(epochs=25),
    'A6': DENSE_2048 | square(64) | FAST,
    # "more" augmentation: on top of aug-A, assumed
    'A7': DENSE_2048 | square(64) | FAST | dict(train_geometry=[*moved(64), SHEAR], color=JITTER),
    'A8': A9 | dict(batch=32),
    'A9': A9,
    'A10': A9 | dict(optimizer=dict(type='SGD', lr=0.001, momentum=0.9), epochs=15),
    'A11': A9 | dict(optimizer=dict(type='ASGD', lr=0.01)),
    'A12': A9 | dict(batch=128),
}

# B: 25 classes of CIFAR-100, Keras, rows cumulative; then CUB-200
KERAS_NORM = (1e-3, 0.01)
KERAS_ADAM = dict(type='Adam', lr=1e-3, betas=(0.9, 0.999), eps=1e-7)
KERAS_SGD = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9),
    schedule=[dict(type='TimeDecayLR', decay=1e-6, by_epoch=False)])
B2 = COMMON | dict(
    optimizer=KERAS_ADAM,
    source='cifar100', roots=('data/cifar100', 'data/cifar100'), classes=list(range(25)),
    input_size=(32, 32), mean=(0., 0., 0.), std=(255., 255., 255.),
    train_geometry=[], eval_geometry=[], random={'model': glorot('Conv2d', 'Linear')},
    backbone=dict(type='BaseNet', arch='plain'), neck=None, widths=(400, 50, 25), dropouts=(0., 0.))
B3 = B2 | dict(fit_normalization=True, batch=32)  # the batch of ImageDataGenerator.flow, assumed
B4 = B3 | dict(
    train_geometry=[
        dict(type='RandomRotation', degrees=20), dict(type='RandomShift', width=0.1, height=0.1),
        dict(type='RandomZoom', zoom_range=0.2),
        dict(type='RandomFlip', prob=0.5, direction='horizontal')])
B6 = B4 | dict(backbone=dict(type='BaseNet', arch='deep', norm=True))
B7 = B6 | dict(dropouts=(0.2, 0.2), head_norm=KERAS_NORM)
B8 = B7 | dict(epochs=80, stops={'loss': (10, 0.), 'accuracy/top1': (10, 0.)})
B10 = B8 | dict(backbone=dict(type='BaseNet', arch='wide', norm=True), widths=(4096, 512, 25),
                dropouts=(0.25, 0.5))
# Caffe's preprocessing: BGR, the mean alone, given as R, G, B
CAFFE = dict(
    mean=(123.68, 116.779, 103.939), std=(1., 1., 1.), to_bgr=True,
    backbone=dict(type='ResNet', depth=50, style='caffe', zero_init_residual=False),
    batch_norm=(1e-5, 0.01), norm_eval=True, random={'head': glorot('Linear')},
    weights={'backbone': ('open-mmlab://detectron2/resnet50_caffe', ())})
B12 = COMMON | CAFFE | dict(
    optimizer=KERAS_ADAM, widths=(2048, 200), trainable=['head'],
    source='cub200', roots=('data/CUB_200_2010', 'data/CUB_200_2010'),
    source_options=dict(size=(224, 224), resize='stretch'))
B13 = B12 | dict(widths=(2048, 1024, 512, 200), dropouts=(0.4, 0.4, 0.), head_norm=KERAS_NORM)
ROWS_B: dict[str, Recipe] = {
    'B1': B2 | KERAS_SGD,
    'B2': B2,
    'B3': B3,
    'B4': B4,
    'B5': B4 | dict(backbone=dict(type='BaseNet', arch='plain', norm=True)),
    'B6': B6,
    'B7': B7,
    'B8': B8,
    'B9': B8 | dict(dropouts=(0., 0.)),
    'B10': B10,
    'B11': B10 | dict(backbone=dict(type='BaseNet', arch='residual', norm=True)),
    'B12': B12,
    'B13': B13,
    'B14': B13 | dict(
        neck=dict(type='ConvNeck', in_channels=2048, out_channels=64,
                  norm_cfg=dict(type='BN', eps=1e-3, momentum=0.01)),
        widths=(3136, 1024, 512, 200), trainable=['neck', 'head'],
        random={'neck': glorot('Conv2d'), 'head': glorot('Linear')}),
    'B15': B12 | KERAS_SGD | dict(epochs=10, trainable=None),
}

# C: CIFAR-10, SGD from 0.1 (momentum, step, batch assumed), 30 epochs; frozen, then whole
C = COMMON | dict(
    optimizer=dict(type='SGD', lr=0.1, momentum=0.9), batch=128, epochs=30,
    schedule=[dict(type='StepLR', step_size=10, gamma=0.1, by_epoch=True)])
DENSENET121 = dict(
    backbone=dict(type='DenseNet', arch='121'),
    random={'model': dict(type='Kaiming', mode='fan_in', layer=('Conv2d',))})  # torchvision's
WHOLE: dict[str, Recipe] = {
    'alexnet': C | dict(
        backbone=dict(type='AlexNet'), neck=dict(type='AdaptivePoolNeck', output_size=6),
        widths=(9216, 4096, 4096, 10), dropouts=(0.5, 0.5, 0.)),
    'vgg16': C | VGG16,
    'inception_v3_google': C | square(299) | dict(
        mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5),  # from -1 to 1
        backbone=dict(type='InceptionV3Features'), neck=None, widths=(2048, 10)),
    'resnet152': C | RESNET18 | dict(
        backbone=RESNET18['backbone'] | dict(depth=152), widths=(2048, 10)),
    'densenet121': C | DENSENET121 | dict(widths=(1024, 10)),
}
ROWS_C: dict[str, Recipe] = {}
for number, (name, whole) in enumerate(WHOLE.items()):
    # the last linear layer alone: of the three of AlexNet and VGG16, or the only one
    in_mlp = len(whole['widths']) > 2
    ROWS_C[f'C{2 * number + 1}'] = whole | dict(
        trainable=['head.layers.2' if in_mlp else 'head'],
        weights={'model' if in_mlp else 'backbone': (f'torchvision://{name}', ())})
    ROWS_C[f'C{2 * number + 2}'] = whole

# D: flower_photos; the last 20 % of what is not held out validates; Adam with Keras's decay
D = COMMON | CAFFE | dict(
    batch=32, epochs=100, stops={'accuracy/top1': (10, 0.1)},  # min_delta 0.001, in percent
    source='class_folder', roots=('data/flower_photos', 'data/flower_photos'),
    classes=['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips'], val_fraction=0.2,
    source_options=dict(size=(224, 224), resize='stretch', held_out=35, seed=0))
PARTS: dict[str, Recipe] = {
    'Q5': D | dict(trainable=['backbone.layer4.2', 'head']),
    'Q6': D | dict(trainable=['backbone.layer4.1', 'backbone.layer4.2', 'head']),
    'Q7': D | dict(
        trainable=['backbone.layer4', 'head'], batch_norm=(1e-5, 0.2), norm_eval=False,
        backbone=CAFFE['backbone'] | dict(strides=(1, 2, 2, 1)),
        random={'backbone': glorot('Conv2d'), 'head': glorot('Linear')},
        weights={'backbone': ('open-mmlab://detectron2/resnet50_caffe', ('layer4',))}),
}


def flowers(part: str, lr: float, decay: float, dropout: float, *dense: int) -> Recipe:
    """A line of report D's table."""
    return PARTS[part] | dict(
        optimizer=KERAS_ADAM | dict(lr=lr),
        schedule=[dict(type='TimeDecayLR', decay=decay, by_epoch=False)],
        widths=(2048, *dense, 5), dropouts=(*[0.] * len(dense), dropout))


ROWS_D: dict[str, Recipe] = {
    'D1': flowers('Q5', 5e-6, .001, .25),
    'D2': flowers('Q5', 1e-6, .001, 0),
    'D3': flowers('Q5', 1e-5, .01, 0),
    'D4': flowers('Q6', 5e-6, .001, .25, 512, 512, 512),
    'D5': flowers('Q6', 1e-6, .001, 0, 512, 1024, 1024),
    'D6': flowers('Q6', 1e-6, .001, .25, 512, 1024, 1024),
    'D7': flowers('Q6', 1e-6, .001, .25, 1024, 2048, 2048),
    'D8': flowers('Q6', 1e-6, .001, 0, 1024, 1024, 1024),
    'D9': flowers('Q6', 1e-6, .001, .25, 1024, 1024, 1024),
    'D10': flowers('Q7', 1e-6, .001, 0, 512, 1024, 1024),
    'D11': flowers('Q7', 1e-6, .001, .25, 512, 1024, 1024),
    'D12': flowers('Q7', 1e-6, .001, 0, 1024, 1024, 1024),
    'D13': flowers('Q7', 1e-6, .001, .25, 1024, 1024, 1024),
    'D14': flowers('Q7', 1e-6, .001, .25, 1024, 2048, 2048),
}

# E: MIT's 8 scenes at 256 px, Keras; optimizer, rate and batch assumed
E2 = COMMON | DENSENET121 | dict(
    optimizer=KERAS_ADAM | dict(lr=1e-4), batch=32, epochs=50,
    source='class_folder', roots=('data/MIT_split/train', 'data/MIT_split/test'),
    splits=(None, None, None),
    classes=['Opencountry', 'coast', 'forest', 'highway', 'inside_city', 'mountain', 'street',
             'tallbuilding'],
    source_options=dict(size=(256, 256), resize='stretch'),
    input_size=(256, 256), train_geometry=[], eval_geometry=[],
    widths=(1024, 8), batch_norm=(1e-5, 0.01),
    weights={'backbone': ('torchvision://densenet121', ())},
    random=DENSENET121['random'] | {'head': glorot('Linear')})


def cut(transition: int, *dense: int) -> Recipe:
    """DenseNet121 up to a transition, and what stands between it and the 8 classes."""
    channels = {1: 128, 2: 256, 3: 512}[transition]
    return E2 | dict(
        epochs=300, widths=(channels, *dense, 8), dropouts=(0.,) * (len(dense) + 1),
        backbone=dict(type='TruncatedDenseNet', arch='121', num_stages=transition))


E10 = cut(3) | dict(
    # `small`: of the nine tenths that do not validate, 50 images a class
    epochs=250, val_fraction=None, splits=('train', 'test', None), parts=('all', 'all', None),
    source_options=E2['source_options'] | dict(held_out=0.1, seed=0, max_per_class=50))
E11 = E10 | dict(
    train_geometry=[dict(type='RandomZoom', zoom_range=0.2),
                    dict(type='RandomFlip', prob=0.5, direction='horizontal')])
E12 = E11 | dict(
    dropouts=(0.5,), input_norm=KERAS_NORM,
    schedule=[dict(type='ReduceLROnPlateau', monitor='loss', style='keras')],
    stops={'loss': (25, 0.)})  # patience assumed
ROWS_E: dict[str, Recipe] = {
    'E1': E2 | dict(phases=[dict(begin=0, trainable=['head']), dict(begin=30, trainable=None)]),
    'E2': E2,
    'E3': E2 | dict(epochs=300),
    'E4': cut(3),
    'E5': cut(2),
    'E6': cut(1),
    'E7': cut(3, 1024),
    'E8': cut(2, 1024),
    'E9': cut(1, 1024),
    'E10': E10,
    'E11': E11,
    'E12': E12,
    'E13': E12 | dict(  # "Model 3" of the report's table; epochs assumed
        optimizer=KERAS_ADAM | dict(type='Adamax', lr=1e-4, weight_decay=0.3),
        batch=10, epochs=300),
}
ROWS = ROWS_A | ROWS_B | ROWS_C | ROWS_D | ROWS_E
