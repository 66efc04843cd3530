import time

import optuna
import pytest
from optuna.trial import TrialState

from plugins.search.storage import open_storage
from plugins.search.watch import Lost, stopped_when_lost


@pytest.fixture
def study(tmp_path):
    return optuna.create_study(storage=open_storage(f"sqlite:///{tmp_path / 'study.db'}", 1))


def busy(seconds):
    """Work as a training does: no error but its own is let through."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            time.sleep(0.01)
        except Exception:
            pytest.fail('taken for an error of the training')


def test_a_run_ends_soon_after_another_process_took_its_trial(study):
    trial = study.ask()
    begun = time.monotonic()
    with pytest.raises(Lost, match='another process took it'), \
            stopped_when_lost(study._storage, trial._trial_id, 0.1):
        study.tell(trial, state=TrialState.FAIL)
        busy(30)
    assert time.monotonic() - begun < 20


def test_a_run_that_is_still_its_processs_goes_on(study):
    trial = study.ask()
    with stopped_when_lost(study._storage, trial._trial_id, 0.1):
        busy(0.5)
    study.tell(trial, 1.)
    busy(0.5)  # nobody looks any more
    assert study.best_value == 1.
