import pytest
from mmengine.config import Config

from plugins.paths import REPO_ROOT
from tools.benchmarks.detection import pipeline, recipes
from tools.benchmarks.stock_detection import stock_detector


@pytest.mark.parametrize('recipe', recipes(False) + recipes(True), ids=lambda recipe: recipe.name)
def test_recipes_have_a_loss_that_mmdet_has(recipe):
    cfg = Config.fromfile(REPO_ROOT / 'configs' / recipe.base)
    assert stock_detector(cfg.model.to_dict())['bbox_head']['loss_conf']['reduction'] == 'sum'


def test_a_pipeline_fits_the_image_and_then_does_more():
    steps = pipeline(416, 128, dict(type='Pad', size=(416, 416)))
    assert [step['type'] for step in steps] == ['LoadCachedImage', 'LoadAnnotations', 'Resize',
                                                'Pad', 'RandomFlip', 'PackDetInputs']
    assert steps[2]['scale'] == (416, 128) and steps[2]['keep_ratio']
