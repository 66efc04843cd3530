from dataclasses import replace

import pytest
from mmengine.config import Config

from plugins.engine.files import REPO_ROOT
from tools.benchmarks.detection import measure, pipeline, recipes
from tools.benchmarks.record import STAGES, Settings
from tools.benchmarks.stock_detection import stock_detector
from tools.misc.make_sample_data import main as make_sample_data


@pytest.mark.parametrize('recipe', recipes(False) + recipes(True), ids=lambda recipe: recipe.name)
def test_recipes_have_a_loss_that_mmdet_has(recipe):
    cfg = Config.fromfile(REPO_ROOT / 'configs' / recipe.base)
    assert stock_detector(cfg.model.to_dict())['bbox_head']['loss_conf']['reduction'] == 'sum'


def test_a_pipeline_fits_the_image_and_then_does_more():
    steps = pipeline(416, 128, dict(type='Pad', size=(416, 416)))
    assert [step['type'] for step in steps] == ['LoadCachedImage', 'LoadAnnotations', 'Resize',
                                                'Pad', 'RandomFlip', 'PackDetInputs']
    assert steps[2]['scale'] == (416, 128) and steps[2]['keep_ratio']


@pytest.mark.slow
def test_ours_is_not_far_behind_the_bare_loop_and_stock(tmp_path):
    make_sample_data([str(tmp_path), '--sets', 'kitti', '--size', 'kitti=16',
                      '--kitti-width', '320'])
    recipe = replace(recipes(quick=True)[0], iterations=5)
    case = measure(recipe, Settings(tmp_path, quick=True), tmp_path / 'kitti', 3, print)
    found = {figure.name: figure.value for figure in case.figures}
    # Measured without bfloat16: 0.92 and 1.2; the rest is left to a busy machine.
    assert found['ours / bare'] > 0.6 and found['ours / stock'] > 0.9
    assert list(case.split) == list(STAGES)
