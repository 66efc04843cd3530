import tempfile

import numpy as np
import pytest
from PIL import Image

from plugins.engine.files import REPO_ROOT
from plugins.engine.session import Session
from tests.conftest import DIGITS
from tests.plugins.apis.cases import DETECTOR
from tools.analysis_tools.lr_finder import main, steepest


def test_a_rate_and_a_picture_and_no_other_file(digits_options, tmp_path, capsys, monkeypatch):
    """The rates are those of the optimizer, also of a part with an lr_mult."""
    rates, build = [], Session.build_runner

    def watched(session):
        runner = build(session)
        train = runner.model.train_step

        def step(data, optim_wrapper):
            rates.append({group['lr'] for group in optim_wrapper.param_groups})
            return train(data, optim_wrapper)
        monkeypatch.setattr(runner.model, 'train_step', step)
        return runner
    monkeypatch.setattr(Session, 'build_runner', watched)
    monkeypatch.setattr(tempfile, 'tempdir', str(tmp_path))
    monkeypatch.chdir(tmp_path)
    before = set(REPO_ROOT.glob('work_dirs/**/*'))
    found = main([str(REPO_ROOT / DIGITS), '--start', '1e-5', '--steps', '60', '--out', 'lr.png',
                  '--cfg-options', *digits_options,
                  '+optim_wrapper.paramwise_cfg.custom_keys.head.lr_mult=10'])
    assert 1e-5 < found < 1
    told = capsys.readouterr().out
    assert f'lr={found:.2g}; picture: lr.png' in told and 'epoch' not in told
    names = {path.name for path in tmp_path.iterdir()}
    assert names - {'torchinductor_root'} == {'lr.png'}  # PyTorch's own, of its import
    assert set(REPO_ROOT.glob('work_dirs/**/*')) == before
    assert np.array(Image.open(tmp_path / 'lr.png').convert('L')).std() > 10
    steps = np.geomspace(1e-5, 1, 60)[:len(rates)]
    assert [max(both) for both in rates] == pytest.approx(10 * steps)
    assert [min(both) for both in rates] == pytest.approx(steps)
    with pytest.raises(FileExistsError, match='--overwrite'):
        main([str(REPO_ROOT / DIGITS), '--out', 'lr.png'])


def test_a_detector_has_a_rate_too(roads, tmp_path):
    found = main([DETECTOR, '--steps', '20', '--out', str(tmp_path / 'lr.png'), '--cfg-options', *(
        f'{part}_dataloader.dataset.data_root={roads}' for part in ('train', 'val', 'test'))])
    assert 1e-7 <= found <= 1 and (tmp_path / 'lr.png').is_file()


def test_the_steepest_place_of_a_known_curve():
    """A logistic fall is steepest at its centre; what follows the minimum is no fall."""
    rates = np.geomspace(1e-7, 1, 100)
    losses = 2 / (1 + np.exp(4 * (np.log10(rates) + 3))) + np.random.default_rng(0).normal(
        0, 0.03, 100)
    losses[85:] += np.geomspace(0.1, 50, 15)
    losses[-4:] = 100, 60, 20, 5  # a bounce
    smooth, place = steepest(losses, 14)
    assert rates[place] == pytest.approx(1e-3, rel=0.5) and len(smooth) == 100
    smooth, place = steepest([*losses[:90], np.nan], 14)
    assert rates[place] == pytest.approx(1e-3, rel=0.5) and len(smooth) == 90


@pytest.mark.parametrize('losses, told', [
    (np.linspace(1, 2, 100), 'of 100 steps never falls; choose another range'),
    ([2., 1., np.nan], 'of 2 steps never falls')])
def test_no_suggestion_from_a_loss_that_says_nothing(losses, told):
    with pytest.raises(ValueError, match=told):
        steepest(losses, 14)


@pytest.mark.parametrize('argv', [['--start', '1'], ['--steps', '19'], ['--start', 'nan']])
def test_a_senseless_range_is_refused_at_once(argv, capsys):
    with pytest.raises(SystemExit):
        main([DIGITS, *argv])
    assert 'expected 0 < --start < --end, and at least 20 --steps' in capsys.readouterr().err
