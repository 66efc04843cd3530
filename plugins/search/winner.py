"""The best trial: as a leaf config, and on the test images, once."""
import hashlib
import os
import re
import statistics
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from plugins.engine.files import REPO_ROOT
from plugins.engine.run_reader import read_run

from .claim import WINNER
from .definition import Search
from .leaf import Leaves
from .sampler import SLOT
from .study import survey
from .trial import TrialRunner, quiet

_WRITTEN = 'winners'  # attribute of a study: digests of the leaf configs that it wrote
_NAME = re.compile(r'(?P<arch>.+)(?P<how>_[a-z0-9-]+)_(?P<gpus>\d+)xb\d+-\d+e(?P<data>_[^_]+)')


@dataclass(frozen=True)
class Winner:
    """What a search found.

    Attributes:
        slot: The trial.
        value: Its value: the metric of the validation, mean over the seeds.
        params: What the search chose.
        test: Metrics on the test images, mean over the seeds; None: not tested here.
        config: The leaf config written.
    """

    slot: int
    value: float
    params: dict[str, Any]
    test: dict[str, float] | None
    config: Path


def best_trial(study: Study, rule: str) -> FrozenTrial | None:
    """The best complete trial; of equal ones the first of the plan, whoever finished first."""
    complete = [trial for _, trial in sorted(survey(study).finished.items())
                if trial.state == TrialState.COMPLETE and 'same_as' not in trial.user_attrs]
    sign = -1 if rule == 'greater' else 1
    return min(complete, key=lambda trial: sign * trial.value, default=None)


def write_winner(study: Study, search: Search, leaves: Leaves, runner: TrialRunner,
                 target: Path | None, test: bool) -> Winner | None:
    """Write the winner as a leaf config, and test it if it was not yet.

    Args:
        study: A study.
        search: What was searched.
        leaves: Of the search.
        runner: Knows where the trials are.
        target: The leaf config to write, in place of what this study wrote there; None: in
            ``winner/`` below the work dir, where the study's earlier ones are deleted.
        test: Whether to test at all.

    Raises:
        FileExistsError: See :func:`check_target`.
    """
    trial = best_trial(study, search.rule)
    if trial is None:
        return None
    slot = trial.user_attrs[SLOT]
    figures = _test(runner, slot, trial) if test else None
    config = leaves.config(trial.params)
    path = target or runner.folder.parent / WINNER / _name(search, config)
    check_target(path, study)
    docstring = _docstring(study, search, trial, figures, path)
    earlier = set(study.user_attrs.get(_WRITTEN, ()))
    new = hashlib.sha256(leaves.text(path, trial.params, docstring).encode()).hexdigest()
    study.set_user_attr(_WRITTEN, sorted({*earlier, new}))  # first: it may be killed in between
    leaves.write(path, trial.params, docstring)
    if target is None:
        for old in path.parent.glob('*.py'):
            if old.name != path.name and _digest(old) in earlier:
                old.unlink()
    return Winner(slot, trial.value, dict(trial.params), figures, path)


def check_target(path: Path, study: Study | None) -> None:
    """Refuse to write a winner over anything but a winner of the same study.

    Args:
        path: The leaf config to write.
        study: The study; None: it is not begun.

    Raises:
        FileExistsError: The file exists, and is not as the study wrote it.
    """
    written = study.user_attrs.get(_WRITTEN, ()) if study else ()
    if path.exists() and not (path.is_file() and _digest(path) in written):
        raise FileExistsError(f'{path}: exists, and is not, or no longer, as this study wrote it; '
                              'give --winner another name, or move the file away')


def _digest(path: Path) -> str:
    text = path.read_bytes().replace(b'\r\n', b'\n')  # Windows ends lines so
    return hashlib.sha256(text).hexdigest()


def _test(runner: TrialRunner, slot: int, trial: FrozenTrial) -> dict[str, float] | None:
    """Mean metrics on the test images of the trial's runs; None if they are on another machine."""
    from tools.test import main
    config, folders = runner.paths(slot)
    if not all((folder / 'result.json').is_file() for folder in folders):
        return None
    tested = []
    for folder in folders:
        run = read_run(folder)
        result = run.tested
        if result is None:
            with quiet(config.with_suffix('.test.log')):
                result = main([str(config), _checkpoint(run.trained)])
        tested.append(result['metrics'])
    return {key: statistics.fmean(metrics[key] for metrics in tested) for key in tested[0]}


def _checkpoint(trained: dict[str, Any]) -> str:
    return str(REPO_ROOT / trained['checkpoint'])


def _name(search: Search, config: Any) -> str:
    """By the grammar of the collection, with ``-best`` after the architecture."""
    found = _NAME.fullmatch(search.base.stem)
    if not found:
        return f'{search.base.stem}-best.py'
    return (f"{found['arch']}-best{found['how']}_{found['gpus']}xb"
            f"{config.train_dataloader.batch_size}-{config.train_cfg.max_epochs}e"
            f"{found['data']}.py")


def _docstring(study: Study, search: Search, trial: FrozenTrial,
               figures: dict[str, float] | None, path: Path) -> str:
    finished = len(survey(study).finished)
    seeds = ', '.join(map(str, search.seeds))
    shown = figures and ({key: figures[key] for key in (search.metric, 'loss') if key in figures}
                         or figures)
    test = 'Not tested.' if shown is None else 'Test: ' + ', '.join(
        f'{key} {value:.4g}' for key, value in shown.items()) + '.'
    spread = trial.user_attrs['by_seed']
    spread = '' if len(spread) == 1 else f' ({min(spread):.4g} to {max(spread):.4g})'
    command = 'python tools/train.py ' + (path.absolute().relative_to(REPO_ROOT).as_posix()
                                          if path.absolute().is_relative_to(REPO_ROOT)
                                          else os.fspath(path))
    lines = [f'How good is {search.base.stem} with what the search {search.name} found?', '',
             'Found: ' + ', '.join(f'{name}={value}' for name, value in trial.params.items()) + '.',
             f'Validation: {search.metric} {trial.value:.4g}{spread}, the best of {finished} '
             f'trials ({search.sampler}), seed {seeds}. {test}']
    wrapped = [part for line in lines for part in (textwrap.wrap(
        line, 96, break_long_words=False, break_on_hyphens=False) or [''])]
    return '\n'.join([*wrapped, '', f'    {command}'])
