from dataclasses import replace

import pytest

from tools.benchmarks.detection import pipeline, recipes
from tools.benchmarks.detectors import Contest
from tools.benchmarks.record import Settings


@pytest.fixture(scope='module')
def contest(tmp_path_factory):
    from tools.misc.make_sample_data import main
    folder = tmp_path_factory.mktemp('detectors')
    main([str(folder), '--sets', 'kitti', '--size', 'kitti=16', '--kitti-width', '256'])
    recipe = replace(recipes(quick=True)[0], pipeline=pipeline(128, 64), iterations=1)
    return Contest(recipe, Settings(folder, quick=True), folder / 'kitti')


@pytest.mark.slow
def test_ours_stock_and_bare_train_alike(contest):
    assert contest.check()['largest relative difference'] <= 1e-4


@pytest.mark.slow
def test_ours_is_timed_as_it_trains_and_bare_has_its_optimizer(contest):
    blocks = contest.blocks([0])
    assert list(blocks) == ['ours', 'stock, 0 workers', 'bare']
    blocks['ours']()
    runner = blocks['ours'].runner
    assert runner.model.bbox_head.ignore_iof_thr == 0.5
    assert runner.optim_wrapper.optimizer.defaults['fused'] is True
    assert contest.facts()['optimizer of ours and bare'] == 'Adam, fused=True'
