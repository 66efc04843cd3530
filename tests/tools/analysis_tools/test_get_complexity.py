from pathlib import Path

import pytest

from tools.analysis_tools.get_complexity import main

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
BASENET = str(CONFIGS / 'basenet/basenet_scratch_1xb64-25e_cifar100-25-32px.py')
VGG = str(CONFIGS / 'vgg/vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py')
YOLO = str(CONFIGS / 'yolov3/yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py')


def test_basenet_by_hand(capsys):
    record = main([BASENET])
    # B1 at 32 px: conv5-6 to 28 x 28, pool, conv5-16 to 10 x 10, pool, 400-50-25.
    expected = {
        'backbone.stages.0.0.conv': (456, 3 * 25 * 6 * 28 * 28, 6 * 28 * 28),
        'backbone.stages.1.0.conv': (2416, 6 * 25 * 16 * 10 * 10, 16 * 10 * 10),
        'head.layers.0.fc': (20050, 400 * 50, 50), 'head.layers.1.fc': (1275, 50 * 25, 25),
        'head': (21325, 21250, 75)}
    assert {name: tuple(record['layers'][name][key] for key in (
        'parameters', 'flops', 'activations')) for name in expected} == expected
    assert record['parameters'] == record['trainable'] == 24197  # EXPERIMENTS.md
    assert record['flops'] == 352800 + 240000 + 20000 + 1250
    assert record['input_size'] == (32, 32)  # the config's
    assert record['by_operator'] == {'conv': 592800, 'linear': 21250}
    assert record['uncounted'] == {'aten::max_pool2d': 2} and not record['unused']
    shown = capsys.readouterr().out
    assert '24,197' in shown and '614,050' in shown and 'max_pool2d x 2' in shown


def test_yolov3_has_the_reference_s_parameters():
    record = main([YOLO, '--input-size', '64', '96'])
    assert record['parameters'] == 61_523_734  # EXPERIMENTS.md
    assert record['input_size'] == (64, 96)
    # Its first layer: 3 x 3 x 3 x 32 at every pixel; BatchNorm is two operations a value.
    assert record['layers']['backbone.conv1.conv']['flops'] == 27 * 32 * 64 * 96
    assert record['layers']['backbone.conv1.bn']['flops'] == 2 * 32 * 64 * 96
    # nearest neighbours: 256 channels of 4 x 6, 128 of 8 x 12, in the neck's own forward
    neck = {name: one['flops'] for name, one in record['layers'].items()
            if name.startswith('neck') and name.count('.') < 2}
    assert neck.pop('neck') - sum(neck.values()) == 256 * 4 * 6 + 128 * 8 * 12


def test_frozen_parts_are_shown_as_such(capsys):
    record = main([VGG, '--depth', '1'])
    assert set(record['layers']) == {'backbone', 'neck', 'head'}
    frozen = record['layers']['backbone']
    assert (frozen['parameters'], frozen['trainable']) == (14_714_688, 0)  # VGG16's convolutions
    assert record['trainable'] == record['parameters'] - 14_714_688
    assert record['layers']['head']['trainable'] == record['trainable']
    assert 'frozen' in next(line for line in capsys.readouterr().out.splitlines()
                            if 'backbone' in line)


def test_wrong_input_is_named(capsys):
    with pytest.raises(ValueError, match='does not take an image of 8 x 8 pixels'):
        main([BASENET, '--input-size', '8', '8'])
    with pytest.raises(ValueError, match='names no size of the input .*--input-size H W'):
        main([BASENET, '--cfg-options', 'model.data_preprocessor.input_size=None'])
    with pytest.raises(SystemExit):
        main([BASENET, '--input-size', '1'])
    assert '--input-size: expected 2 arguments' in capsys.readouterr().err
