import pytest
from mmengine.config import Config
from mmpretrain.registry import TRANSFORMS

from plugins.engine.files import REPO_ROOT
from tools.benchmarks.classification import TARGETS, measure, recipes
from tools.benchmarks.record import STAGES, Settings


@pytest.mark.parametrize('recipe', recipes(quick=False), ids=lambda recipe: recipe.name)
def test_recipes_are_of_configs_that_there_are_and_transforms_that_stock_has(recipe):
    cfg = Config.fromfile(REPO_ROOT / 'configs' / recipe.base)
    assert cfg.train_dataloader.batch_size == 64 and recipe.name in TARGETS
    for step in [*recipe.stock_pipeline, *recipe.stock_plain]:
        assert TRANSFORMS.build(step) is not None


@pytest.mark.slow
def test_ours_is_near_the_bare_loop_and_ahead_of_stock(tmp_path):
    case = measure(recipes(quick=True)[0], Settings(tmp_path, quick=True, rounds=3), print)
    found = {figure.name: figure.value for figure in case.figures}
    # The targets are 0.95 and 2.5; half of what is missing then is left to a busy machine.
    assert found['ours / bare'] > 0.6 and found['ours / stock'] > 1.3
    assert list(case.split) == list(STAGES)
    assert case.split['engine'] < 0.3 * sum(case.split.values())
