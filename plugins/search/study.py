"""The study of a search: created once, filled once, continued by whoever comes."""
import json
import time
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage, fail_stale_trials
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from plugins.engine.config_keys import dotted, resolved_keys
from plugins.engine.files import REPO_ROOT

from .claim import check_free, claim
from .definition import Search
from .leaf import Leaves
from .lock import exclusive
from .sampler import SLOT, SlotSampler, build_pruner
from .space import Values
from .storage import GRACE

ERROR, BEGUN, SUPERFLUOUS = 'error', 'host', 'superfluous'
_DEFINITION = 'definition'
# Of the base config: what differs from machine to machine, and leaves a trial's value as it is.
_OF_NO_MATTER = ('*.data_root', '*num_workers', '*persistent_workers', '*prefetch_factor',
                 '*pin_memory', 'test_*', 'env_cfg*', 'visualizer*', 'vis_backends*',
                 'log_processor*', '*.cache_dir', *(f'default_hooks.{name}*' for name in (
                     'logger', 'timer', 'progress', 'visualization')))


@dataclass
class Survey:
    """Where a study stands; its slots are numbered from 0.

    Attributes:
        finished: Slots with a result: complete, pruned, or failed by an error.
        running: Slots that a process is at, as far as its heartbeat tells.
        waiting: Slots in the queue.
    """

    finished: dict[int, FrozenTrial] = field(default_factory=dict)
    running: dict[int, FrozenTrial] = field(default_factory=dict)
    waiting: dict[int, FrozenTrial] = field(default_factory=dict)

    def missing(self, count: int) -> list[int]:
        """Slots of the first ``count`` that nobody has, has had or will have."""
        return [slot for slot in range(count) if not any(
            slot in group for group in (self.finished, self.running, self.waiting))]


def is_finished(trial: FrozenTrial) -> bool:
    """Whether it has a result; a killed trial has none, one that an error ended has."""
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED) or (
        trial.state == TrialState.FAIL and ERROR in trial.user_attrs)


def survey(study: Study) -> Survey:
    """Sort the trials of a study; an error counts until its slot is run again."""
    found, failed = Survey(), {}
    groups = {TrialState.RUNNING: found.running, TrialState.WAITING: found.waiting,
              TrialState.COMPLETE: found.finished, TrialState.PRUNED: found.finished}
    for trial in study.get_trials(deepcopy=False):
        slot = trial.user_attrs.get(SLOT)
        if slot is None or SUPERFLUOUS in trial.user_attrs:
            continue
        if trial.state in groups:
            groups[trial.state].setdefault(slot, trial)
        elif is_finished(trial):
            failed[slot] = trial
    again = {*found.running, *found.waiting}
    found.finished.update({slot: trial for slot, trial in failed.items()
                           if slot not in found.finished and slot not in again})
    return found


def open_study(search: Search, leaves: Leaves, storage: RDBStorage, work_dir: Path) -> Study:
    """Create the study of a search, or continue it.

    Args:
        search: What is searched; the study has its name.
        leaves: Of the search.
        storage: Where the study lies.
        work_dir: Of the search; processes that share it wait for each other.

    Raises:
        FileExistsError: The work dir holds what is not of this study; see :func:`claim`.
        ValueError: There is such a study, but of another search config; names what differs.
    """
    asked = _definition(search, leaves)
    with exclusive(lock_file(work_dir)):
        if not is_begun(search, storage):
            check_free(work_dir, search.name)
        study = optuna.create_study(
            storage=storage, study_name=search.name, load_if_exists=True,
            direction='maximize' if search.rule == 'greater' else 'minimize',
            sampler=SlotSampler(search.sampler, search.seed),
            pruner=build_pruner(search.pruner, leaves.changed.train_cfg.get('max_epochs', 1)))
        begun = study.user_attrs.get(_DEFINITION)
        if begun is None and study.get_trials(deepcopy=False):
            raise ValueError(f'the database has a study {search.name!r} that tools/search.py did '
                             'not begin: rename the search config, or choose another --storage')
        if begun is None:
            study.set_user_attr(_DEFINITION, asked)
        else:
            _check_same(search, json.loads(begun), json.loads(asked))
        claim(work_dir, study)
    return study


def is_begun(search: Search, storage: RDBStorage) -> bool:
    """Whether the database has a study of this name."""
    return search.name in optuna.get_all_study_names(storage)


def lock_file(work_dir: Path) -> Path:
    """What processes that share a work dir lock while they change what is everybody's."""
    return work_dir / 'lock'


def _definition(search: Search, leaves: Leaves) -> str:
    own = {key: value for key, value in search.raw.items()
           if key not in ('n_trials', 'heartbeat', 'base')}
    base = search.base
    inside = base.is_relative_to(REPO_ROOT)
    told = dict(own, base=(base.relative_to(REPO_ROOT) if inside else base).as_posix())
    keys = dict(dotted(told))
    of_base = json.loads(resolved_keys(leaves.base))
    keys.update({f'the base config, {key}': value for key, value in of_base.items()
                 if not any(fnmatch(key, pattern) for pattern in _OF_NO_MATTER)})
    return json.dumps(keys, default=str)


def _check_same(search: Search, begun: dict[str, Any], asked: dict[str, Any]) -> None:
    differing = [key for key in {**begun, **asked}
                 if begun.get(key, 'absent') != asked.get(key, 'absent')]
    if not differing:
        return
    told = '; '.join(f"{key} was {begun.get(key, 'absent')!r}, is {asked.get(key, 'absent')!r}"
                     for key in differing[:3])
    more = f'; and {len(differing) - 3} more' if len(differing) > 3 else ''
    raise ValueError(
        f'{search.path}: the study {search.name!r} was begun with another search config: {told}'
        f'{more}. Its trials would not compare. Give the changed search another file name, or '
        'another --storage and --work-dir; only n_trials may change.')


def fill(study: Study, plan: list[Values], count: int, work_dir: Path) -> None:
    """Put every slot that is missing into the queue, in order, with the plan's values."""
    with exclusive(lock_file(work_dir)):
        for slot in survey(study).missing(count):
            study.enqueue_trial(plan[slot] if slot < len(plan) else {}, user_attrs={SLOT: slot})


def retry_failed(study: Study, plan: list[Values], work_dir: Path) -> None:
    """Put the slots that an error ended into the queue again."""
    with exclusive(lock_file(work_dir)):
        for slot, trial in survey(study).finished.items():
            if trial.state == TrialState.FAIL:
                values = plan[slot] if slot < len(plan) else trial.params
                study.enqueue_trial(values, user_attrs={SLOT: slot})


def bury_the_dead(study: Study, heartbeat: int) -> None:
    """Put killed trials back into the queue.

    Optuna's own means overlook a trial that was killed before its first sign
    of life; these are known by never having said where they run.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # it counts as experimental, within optimize() does not
        fail_stale_trials(study)
    latest = datetime.now() - timedelta(seconds=GRACE * heartbeat)
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if BEGUN not in trial.user_attrs and trial.datetime_start < latest:
            try:
                study.tell(trial.number, state=TrialState.FAIL)
            except (UpdateFinishedTrialError, ValueError):  # another process was quicker
                time.sleep(0.1)
