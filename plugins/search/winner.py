"""Test the best trial once, and write it as a leaf config."""
import statistics
from pathlib import Path
from typing import Any

from optuna.study import Study
from optuna.trial import FrozenTrial

from plugins.engine.checks import check_shape
from plugins.engine.files import REPO_ROOT, shown_path, write_text
from plugins.engine.quiet import Tool, quiet
from plugins.engine.records import RECORD
from plugins.engine.run_reader import read_run

from .leaf import Leaves
from .study import complete_trials, finished_trials
from .trial import runs, wrap, write_leaf


def best_trial(study: Study, rule: str) -> FrozenTrial | None:
    """The best complete trial, or None; of equally good ones, the first in the plan."""
    trained = [trial for trial in complete_trials(study) if 'same_as' not in trial.user_attrs]
    sign = -1 if rule == 'greater' else 1
    return min(trained, key=lambda trial: sign * trial.value, default=None)


def write_winner(study: Study, leaves: Leaves, trial: FrozenTrial, path: Path,
                 trials: Path, test: Tool | None) -> dict[str, Any]:
    """Test the best trial, unless already tested or ``test`` is None, and write its leaf config.

    The study, which may come from anyone, tells only its number and values: its runs are below
    ``trials``, and the configs that are written and tested are made of the search config.

    Raises:
        ValueError: The search's space does not contain the values, or an attribute is damaged.

    Returns:
        trial (its number), value, params, test (mean metrics over the seeds; None: not tested, or
        the runs are on another machine) and config (the path).
    """
    where = f'trial {trial.number} of the study'
    leaves.search.space.check_values(where, trial.params)
    check_shape(trial.user_attrs, {'by_seed?': ['a number']}, where, 'give a copy from before')
    figures = tested_metrics(trial, leaves, trials, test) if test else None
    docstring = _docstring(study, leaves, trial, figures, path)
    write_text(path, leaves.text(path, trial.params, docstring))
    return dict(trial=trial.number, value=trial.value, params=dict(trial.params), test=figures,
                config=str(path))


def tested_metrics(trial: FrozenTrial, leaves: Leaves, trials: Path, test: Tool
                   ) -> dict[str, float] | None:
    """Mean metrics of a trial's runs on the test images; None if they are on another machine."""
    config = trials / f'{trial.number:04d}.py'
    folders = runs(config, leaves.search)
    if not all((folder / RECORD).is_file() for folder in folders):
        return None
    tested = []
    for run in [read_run(folder, 'checkpoint') for folder in folders]:
        result = run.tested
        if result is None:
            write_leaf(leaves, config, trial.number, trial.params)  # again: it is executed
            with quiet(config.with_suffix('.test.log'), append=bool(tested)):
                result = test([str(config), str(REPO_ROOT / run.trained['checkpoint'])])
        tested.append(result['metrics'])
    return {key: statistics.fmean(metrics[key] for metrics in tested) for key in tested[0]}


def _docstring(study: Study, leaves: Leaves, trial: FrozenTrial,
               figures: dict[str, float] | None, path: Path) -> str:
    search, by_seed = leaves.search, trial.user_attrs.get('by_seed') or [trial.value]
    spread = '' if len(by_seed) == 1 else f' ({min(by_seed):.4g} to {max(by_seed):.4g})'
    test = 'Not tested.' if figures is None else 'Test: ' + ', '.join(
        f'{key} {figures[key]:.4g}' for key in (search.metric, 'loss') if key in figures) + '.'
    return '\n'.join([
        *wrap(f'How good is {search.base.stem} with what the search {search.name} found?'), '',
        *wrap(f"Found: {', '.join(f'{name}={value}' for name, value in trial.params.items())}."),
        *wrap(f'Validation: {search.metric} {trial.value:.4g}{spread}, the best of '
              f'{len(finished_trials(study))} trials ({search.sampler}), seed '
              f"{', '.join(map(str, search.seeds))}. {test}"),
        '', f'    python tools/train.py {shown_path(path)}'])
