"""Killed processes: real ones, by SIGKILL."""
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import optuna
import pytest
from optuna.trial import TrialState

from plugins.engine.files import REPO_ROOT
from plugins.search.sampler import SLOT
from plugins.search.storage import open_storage
from plugins.search.study import BEGUN, ERROR, bury_the_dead, survey
from tests.plugins.search.cases import TWELVE, write_search


def start(config, work_dir, log):
    return subprocess.Popen(
        [sys.executable, str(REPO_ROOT / 'tools/search.py'), str(config), '--work-dir',
         str(work_dir)], stdout=log.open('a'), stderr=subprocess.STDOUT)


def wait_for(log, trials, process, seconds=600):
    """Until so many trials have ended, as the log tells."""
    end = time.monotonic() + seconds
    while len(re.findall(r'^trial \d+ \(', log.read_text(), re.MULTILINE)) < trials:
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)


def load(work_dir):
    return optuna.load_study(study_name='digits', storage=f"sqlite:///{work_dir / 'study.db'}")


@pytest.mark.slow
def test_killed_twice_and_continued_by_two_processes_nothing_is_lost_or_done_twice(
        few_digits, tmp_path):
    config = write_search(tmp_path, few_digits, TWELVE)
    work_dir, log = tmp_path / 'killed', tmp_path / 'log.txt'
    log.touch()
    for ended in (2, 4):
        process = start(config, work_dir, log)
        wait_for(log, ended, process)
        time.sleep(0.5)  # amid the next trial
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    both = [start(config, work_dir, log) for _ in range(2)]
    assert [process.wait(600) for process in both] == [0, 0], log.read_text()

    trials = load(work_dir).get_trials()
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    assert Counter(trial.user_attrs[SLOT] for trial in complete) == Counter(range(12))
    assert len({tuple(trial.params.values()) for trial in complete}) == 12
    killed = [trial for trial in trials if trial.state == TrialState.FAIL]
    assert len(killed) == 2 == len(trials) - 12
    hosts = {trial.user_attrs[BEGUN] for trial in complete}
    assert len(hosts) == 4  # each of the four processes has finished some
    assert len(list(work_dir.glob('trials/*/test/result.json'))) == 1

    undisturbed = tmp_path / 'undisturbed'
    assert start(config, undisturbed, tmp_path / 'other.txt').wait(600) == 0
    assert load(undisturbed).best_value == load(work_dir).best_value
    values = [{trial.user_attrs[SLOT]: trial.value for trial in load(folder).get_trials(
        states=(TrialState.COMPLETE,))} for folder in (work_dir, undisturbed)]
    assert values[0] == values[1]


def test_a_silent_trial_goes_back_into_the_queue_once_with_its_values(tmp_path):
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}", 1)
    study = optuna.create_study(storage=storage)
    study.enqueue_trial({}, user_attrs={SLOT: 0})
    trial = study.ask()
    value = trial.suggest_float('x', 0, 1)
    trial.set_user_attr(BEGUN, 'here')
    storage.record_heartbeat(trial._trial_id)
    bury_the_dead(study, 1)
    assert list(survey(study).running) == [0]  # it was heard of just now
    storage.grace_period = -1  # as if the time had passed; the database counts whole seconds
    bury_the_dead(study, 1)
    bury_the_dead(study, 1)
    found = survey(study)
    assert not found.running and list(found.waiting) == [0] and len(study.get_trials()) == 2
    again = study.ask()
    assert again.user_attrs[SLOT] == 0 and again.suggest_float('x', 0, 1) == value


def test_a_retried_trial_begins_as_if_nobody_had(tmp_path):
    """Killed before its first sign of life, it would be running for ever; its error is past."""
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}", 1)
    study = optuna.create_study(storage=storage)
    study.enqueue_trial({}, user_attrs={SLOT: 0})
    trial = study.ask()
    for key in (BEGUN, ERROR):
        trial.set_user_attr(key, 'of the first')
    storage.record_heartbeat(trial._trial_id)
    storage.grace_period = -1
    bury_the_dead(study, 1)
    assert study.ask().user_attrs == {SLOT: 0} and list(survey(study).running) == [0]
    bury_the_dead(study, 0)
    assert not survey(study).running and [trial.state for trial in study.get_trials()] == [
        TrialState.FAIL, TrialState.FAIL]


def test_a_trial_that_was_killed_before_its_first_sign_of_life_is_found(tmp_path):
    """Optuna's own heartbeat overlooks it: it would stay running for ever."""
    study = optuna.create_study(storage=open_storage(f"sqlite:///{tmp_path / 'study.db'}", 1))
    study.enqueue_trial({}, user_attrs={SLOT: 0})
    study.ask()
    optuna.storages.fail_stale_trials(study)
    assert list(survey(study).running) == [0]
    bury_the_dead(study, 0)
    assert survey(study).missing(1) == [0]


def test_an_error_counts_until_its_slot_is_run_again():
    study = optuna.create_study()
    for state in (TrialState.FAIL, TrialState.COMPLETE):
        study.enqueue_trial({}, user_attrs={SLOT: 0})
        assert survey(study).waiting and not survey(study).finished
        trial = study.ask()
        if state == TrialState.FAIL:
            trial.set_user_attr('error', 'ValueError: no')
        study.tell(trial, None if state == TrialState.FAIL else 1., state)
        assert survey(study).finished[0].state == state and survey(study).missing(2) == [1]
