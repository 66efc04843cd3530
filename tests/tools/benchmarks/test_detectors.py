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
def test_all_are_timed(contest):
    blocks = contest.blocks([0])
    assert all(block() > 0 for block in blocks.values())
    assert blocks['ours'].runner.model.bbox_head.ignore_iof_thr == 0.5  # ours, as it trains
