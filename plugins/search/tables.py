"""What a search leaves for readers: all trials, what mattered, and pictures of both."""
import csv
import json
import statistics
import warnings
from pathlib import Path
from typing import Any

import optuna
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from .claim import CSV, IMPORTANCE, PARALLEL, SUMMARY
from .definition import Search
from .sampler import SLOT
from .study import ERROR, SUPERFLUOUS, is_finished, survey
from .winner import Winner

_ENOUGH = 4  # complete trials, for importances to mean anything
_COLUMNS = ('trial', 'number', 'state', 'value')
_TOLD = ('epochs', 'best_epoch', 'seconds', 'same_as', 'error')


def trial_rows(study: Study, search: Search) -> list[dict[str, Any]]:
    """One row for each trial that was begun, killed ones too.

    Returns:
        trial (the slot: two rows of a killed and continued one), number (Optuna's), state
        (complete, pruned, failed, killed or running), value, a column for each parameter,
        epochs, best_epoch, seconds, same_as (an earlier trial with the same values) and error.
    """
    rows = []
    for trial in study.get_trials(deepcopy=False):
        if trial.state == TrialState.WAITING or SUPERFLUOUS in trial.user_attrs \
                or SLOT not in trial.user_attrs:
            continue
        rows.append({
            'trial': trial.user_attrs[SLOT], 'number': trial.number, 'state': _state(trial),
            'value': trial.value,
            **{parameter.name: trial.params.get(parameter.name)
               for parameter in search.space.parameters},
            **{key: trial.user_attrs.get(key) for key in _TOLD}})
    return sorted(rows, key=lambda row: (row['trial'], row['number']))


def _state(trial: FrozenTrial) -> str:
    if trial.state == TrialState.FAIL:
        return 'failed' if ERROR in trial.user_attrs else 'killed'
    return trial.state.name.lower()


def main_effects(study: Study, search: Search) -> dict[str, dict[str, tuple[float, int]]]:
    """Mean value of the complete trials at each value of each parameter, and how many they are.

    In a whole grid, the difference of two means is what the parameter does,
    averaged over all others; in other searches, others may differ too.
    """
    complete = [trial for trial in survey(study).finished.values()
                if trial.state == TrialState.COMPLETE]
    effects: dict[str, dict[str, tuple[float, int]]] = {}
    for parameter in search.space.parameters:
        for value in parameter.values:
            at = [trial.value for trial in complete if trial.params.get(parameter.name) == value]
            if at:
                effects.setdefault(parameter.name, {})[str(value)] = (statistics.fmean(at), len(at))
    return effects


def importances(study: Study, search: Search) -> dict[str, float]:
    """Share of each parameter in how the values differ; empty where too few trials are complete.

    By fANOVA; or by PED-ANOVA, where a parameter takes part in some trials only.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < _ENOUGH or len({trial.value for trial in complete}) < 2:
        return {}
    conditional = any(parameter.when for parameter in search.space.parameters)
    evaluator = PedAnovaImportanceEvaluator() if conditional \
        else FanovaImportanceEvaluator(seed=search.seed)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def write_csv(study: Study, search: Search, work_dir: Path) -> list[dict[str, Any]]:
    """Write ``trials.csv``.

    Returns:
        Its rows, see :func:`trial_rows`.
    """
    rows = trial_rows(study, search)
    names = [parameter.name for parameter in search.space.parameters]
    path = work_dir / CSV
    partial = path.with_suffix('.csv.partial')
    with partial.open('w', newline='') as file:
        writer = csv.DictWriter(file, [*_COLUMNS, *names, *_TOLD])
        writer.writeheader()
        writer.writerows(rows)
    partial.replace(path)
    return rows


def write_tables(study: Study, search: Search, work_dir: Path) -> dict[str, Any]:
    """Write ``trials.csv``, ``search.json`` (no winner yet) and, of enough trials, the pictures.

    Returns:
        What ``search.json`` holds.
    """
    rows = write_csv(study, search, work_dir)
    finished = [trial for trial in survey(study).finished.values() if is_finished(trial)]
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # that fANOVA and pictures are experimental
        shares = importances(study, search)
        if shares:
            _draw(study, search, work_dir, shares)
    summary = dict(
        name=search.name, config=str(search.path), base=str(search.base), metric=search.metric,
        rule=search.rule, sampler=search.sampler, finished=len(finished),
        states={state: sum(row['state'] == state for row in rows)
                for state in sorted({row['state'] for row in rows})},
        winner=None, importances=shares, main_effects=main_effects(study, search))
    _replace(work_dir / SUMMARY, json.dumps(summary, indent=2) + '\n')
    return summary


def add_winner(summary: dict[str, Any], work_dir: Path, winner: Winner) -> dict[str, Any]:
    """Write the winner into ``search.json`` as well.

    Args:
        summary: What it holds.
        work_dir: Of the search.
        winner: What it is to hold.

    Returns:
        What it holds then.
    """
    told = dict(trial=winner.slot, value=winner.value, params=winner.params, test=winner.test,
                config=str(winner.config))
    summary = dict(summary, winner=told)
    _replace(work_dir / SUMMARY, json.dumps(summary, indent=2) + '\n')
    return summary


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f'{path.name}.partial')
    partial.write_text(text)
    partial.replace(path)


def _draw(study: Study, search: Search, work_dir: Path, shares: dict[str, float]) -> None:
    import matplotlib
    matplotlib.use('Agg')
    from matplotlib import pyplot
    from matplotlib.figure import Figure
    labels = list(shares)[::-1]
    figure = Figure(figsize=(7, 1 + 0.4 * len(labels)), layout='constrained')
    axes = figure.subplots()
    axes.barh([label.removeprefix('model.') for label in labels], [shares[n] for n in labels])
    axes.set_xlim(0, 1)
    axes.set_xlabel(f'share of the differences in {search.metric}')
    _save(figure, work_dir / IMPORTANCE)
    axes = optuna.visualization.matplotlib.plot_parallel_coordinate(
        study, target_name=search.metric)
    axes.figure.set_size_inches(2 + 1.6 * (1 + len(search.space.parameters)), 5)
    axes.set_title('')
    _save(axes.figure, work_dir / PARALLEL)
    pyplot.close(axes.figure)


def _save(figure: Any, path: Path) -> None:
    partial = path.with_name(f'{path.name}.partial')
    figure.savefig(partial, format='png', dpi=110, bbox_inches='tight')
    partial.replace(path)
