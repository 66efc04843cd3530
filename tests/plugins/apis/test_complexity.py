from pathlib import Path

import pytest
from mmengine.analysis import get_model_complexity_info
from mmengine.registry import MODELS, DefaultScope

from plugins.apis.complexity import COLUMNS, config_size, count
from plugins.engine.session import load_config
from tests.plugins.apis.cases import DETECTOR

CUT = str(Path(__file__).resolve().parents[3] /
          'configs/densenet/densenet121-cut3-fc1024_finetune_1xb32-300e_mit8-256px.py')


def build(cfg):
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        return MODELS.build(cfg.model)


@pytest.mark.parametrize('config, size', [(CUT, (64, 64)), (DETECTOR, (128, 416))])
def test_totals_are_mmengine_s_and_parts_add_up(config, size):
    model = build(load_config(config))
    found = count(model, size)
    theirs = get_model_complexity_info(model, (3, *size), show_table=False, show_arch=False)
    assert (found['parameters'], found['flops'], found['activations']) == (
        theirs['params'], theirs['flops'], theirs['activations'])
    parts = [figures for name, figures in found['layers'].items() if '.' not in name]
    assert {key: sum(part[key] for part in parts) for key in COLUMNS} == {
        key: found[key] for key in COLUMNS}
    assert len(found['layers']) > 40


def test_stages_that_a_backbone_freezes_in_train_alone_count_as_frozen():
    cfg = load_config(DETECTOR)
    cfg.model.backbone.frozen_stages = 1
    layers = count(build(cfg), (64, 64))['layers']
    assert layers['backbone.conv1.conv']['trainable'] == 0
    assert layers['backbone.conv2.conv']['trainable'] == layers['backbone.conv2.conv']['parameters']


def test_a_detector_s_size_is_its_pipeline_s_and_padded():
    cfg = load_config(DETECTOR)
    assert config_size(cfg) == (128, 416)
    cfg.test_dataloader.dataset.pipeline[1].scale = (400, 100)
    assert config_size(cfg) == (128, 416)  # the next multiples of 32
