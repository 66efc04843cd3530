import json
from pathlib import Path

import pytest
from mmengine.analysis import get_model_complexity_info
from mmengine.registry import MODELS, DefaultScope

from plugins.engine.session import load_config
from tools.analysis_tools.get_complexity import COLUMNS, count, main, parse_args

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
BASENET = str(CONFIGS / 'basenet/basenet_scratch_1xb64-25e_cifar100-25-32px.py')
VGG = str(CONFIGS / 'vgg/vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py')
YOLO = str(CONFIGS / 'yolov3/yolov3_d53_scratch_1xb6-200e_kitti-car-416px.py')
ROADS = str(CONFIGS / 'yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py')
CUT = str(CONFIGS / 'densenet/densenet121-cut3-fc1024_finetune_1xb32-300e_mit8-256px.py')


def sums(record):
    return {column: sum(layer[column] for layer in record['layers'].values())
            for column in COLUMNS}


def test_basenet_by_hand(capsys):
    record = main([BASENET])
    # B1 at 32 px: conv5-6 to 28 x 28, pool, conv5-16 to 10 x 10, pool, 400-50-25.
    expected = {
        'backbone.stages.0.0.conv': (456, 3 * 25 * 6 * 28 * 28, 6 * 28 * 28),
        'backbone.stages.1.0.conv': (2416, 6 * 25 * 16 * 10 * 10, 16 * 10 * 10),
        'head.layers.0.fc': (20050, 400 * 50, 50), 'head.layers.1.fc': (1275, 50 * 25, 25)}
    assert {name: (one['parameters'], one['flops'], one['activations'])
            for name, one in record['layers'].items()} == expected
    assert record['parameters'] == record['trainable'] == 24197  # EXPERIMENTS.md
    assert record['flops'] == 352800 + 240000 + 20000 + 1250
    assert record['input_size'] == (32, 32)  # the config's
    assert record['by_operator'] == {'conv': 592800, 'linear': 21250}
    assert record['uncounted'] == {'aten::max_pool2d': 2} and not record['unused']
    shown = capsys.readouterr().out
    assert '24,197' in shown and '614,050' in shown and 'max_pool2d x 2' in shown


def test_yolov3_has_the_reference_s_parameters_and_the_layers_add_up():
    record = main([YOLO, '--input-size', '64', '96'])
    assert record['parameters'] == 61_523_734  # EXPERIMENTS.md
    assert record['input_size'] == (64, 96)
    assert sums(record) == {column: record[column] for column in COLUMNS}
    # Its first layer: 3 x 3 x 3 x 32 at every pixel; BatchNorm is two operations a value.
    assert record['layers']['backbone.conv1.conv']['flops'] == 27 * 32 * 64 * 96
    assert record['layers']['backbone.conv1.bn']['flops'] == 2 * 32 * 64 * 96
    # nearest neighbours: 256 channels of 4 x 6, 128 of 8 x 12, in the neck's own forward
    assert record['layers']['neck itself'] == dict(
        parameters=0, trainable=0, flops=256 * 4 * 6 + 128 * 8 * 12, activations=0)


@pytest.mark.parametrize('config, size', [(CUT, (64, 64)), (ROADS, (128, 416))])
def test_totals_are_mmengine_s_and_depth_only_adds_up(config, size):
    cfg = load_config(config)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    deep, shallow = count(model, size), count(model, size, depth=1)
    theirs = get_model_complexity_info(model, (3, *size), show_table=False, show_arch=False)
    assert (deep['parameters'], deep['flops'], deep['activations']) == (
        theirs['params'], theirs['flops'], theirs['activations'])
    assert sums(deep) == sums(shallow) == {column: deep[column] for column in COLUMNS}
    assert set(shallow['layers']) <= {'backbone', 'neck', 'head', 'bbox_head'}
    assert len(deep['layers']) > 40


def test_frozen_parts_are_shown_as_such(capsys):
    record = main([VGG, '--depth', '1'])
    frozen = record['layers']['backbone']
    assert (frozen['parameters'], frozen['trainable']) == (14_714_688, 0)  # VGG16's convolutions
    assert record['trainable'] == record['parameters'] - 14_714_688
    assert record['layers']['head']['trainable'] == record['trainable']
    assert 'frozen' in next(line for line in capsys.readouterr().out.splitlines()
                            if 'backbone' in line)


def test_stages_that_a_backbone_freezes_in_train_alone_count_as_frozen():
    cfg = load_config(ROADS)
    cfg.model.backbone.frozen_stages = 1
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        record = count(MODELS.build(cfg.model), (64, 64))
    layers = record['layers']
    assert layers['backbone.conv1.conv']['trainable'] == 0
    assert layers['backbone.conv2.conv']['trainable'] == layers['backbone.conv2.conv']['parameters']


def test_a_detector_s_size_is_its_pipeline_s_and_padded():
    from tools.analysis_tools.get_complexity import config_size
    assert config_size(load_config(ROADS), 'detector') == (128, 416)
    cfg = load_config(ROADS)
    cfg.test_dataloader.dataset.pipeline[1].scale = (400, 100)
    assert config_size(cfg, 'detector') == (128, 416)  # the next multiples of 32


def test_figures_are_written_and_not_over_others(tmp_path, capsys):
    target = tmp_path / 'new/c.json'
    record = main([BASENET, '--json', str(target)])
    assert json.loads(target.read_text()) == json.loads(json.dumps(record))
    with pytest.raises(SystemExit):
        parse_args([BASENET, '--json', str(target)])
    assert 'c.json: exists; give another name, or --overwrite' in capsys.readouterr().err
    main([BASENET, '--json', str(target), '--overwrite', '--depth', '1'])
    assert len(json.loads(target.read_text())['layers']) == 2
    assert [path.name for path in target.parent.iterdir()] == ['c.json']


def test_wrong_input_is_named(capsys):
    with pytest.raises(ValueError, match='does not take an image of 8 x 8 pixels'):
        main([BASENET, '--input-size', '8'])
    with pytest.raises(ValueError, match='names no size of the input .*--input-size H W'):
        main([BASENET, '--cfg-options', 'model.data_preprocessor.input_size=None'])
    for argv, message in ((['none.py'], 'no such config file'),
                          ([BASENET, '--input-size', '0'], 'whole number above 0'),
                          ([BASENET, '--input-size', '1', '2', '3'], 'expected H W')):
        with pytest.raises(SystemExit):
            parse_args(argv)
        assert message in capsys.readouterr().err
