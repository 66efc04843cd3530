"""Write the results of a search: tables of trials and importances, and plots."""
import statistics
from collections import Counter
from pathlib import Path
from typing import Any

import matplotlib
import optuna.visualization.matplotlib as plots
from matplotlib import pyplot
from optuna.importance import get_param_importances
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from plugins.engine.files import replacing, write_csv, write_json

from .definition import Search
from .record import PICTURES, RECORD, TABLE
from .study import ERROR, HOST, complete_trials, finished_trials

_ENOUGH = 4  # complete trials needed for meaningful importances
_ATTRIBUTES = ('epochs', 'best_epoch', 'seconds', 'same_as', ERROR)


def trial_row(trial: FrozenTrial, search: Search) -> dict[str, Any]:
    """Describe a started trial; Optuna's ``trials_dataframe`` would need pandas.

    ``trial`` is its number, ``state`` is complete, pruned, failed, killed or running, and
    ``same_as`` is the number of an earlier trial with the same values.
    """
    state, told = trial.state.name.lower(), trial.user_attrs
    if trial.state == TrialState.FAIL:
        state = 'failed' if ERROR in told else 'killed'
    return {'trial': trial.number, 'state': state, 'value': trial.value,
            **{parameter.name: trial.params.get(parameter.name)
               for parameter in search.space.parameters},
            **{key: told.get(key) for key in _ATTRIBUTES}}


def trial_rows(study: Study, search: Search) -> list[dict[str, Any]]:
    """One row per started trial, see :func:`trial_row`."""
    return [trial_row(trial, search) for trial in study.get_trials(deepcopy=False)
            if HOST in trial.user_attrs]


def main_effects(study: Study, search: Search) -> dict[str, dict[str, tuple[float, int]]]:
    """For each value of each parameter, the mean result and number of its complete trials."""
    complete = complete_trials(study)
    effects: dict[str, dict[str, tuple[float, int]]] = {}
    for parameter in search.space.parameters:
        for value in parameter.choices:
            at = [trial.value for trial in complete if trial.params.get(parameter.name) == value]
            if at:
                effects.setdefault(parameter.name, {})[str(value)] = (statistics.fmean(at), len(at))
    return effects


def importances(study: Study) -> dict[str, float]:
    """Share of each parameter in the variation of the results; empty if too few are complete."""
    values = [trial.value for trial in complete_trials(study)]
    enough = len(values) >= _ENOUGH and len(set(values)) > 1
    return get_param_importances(study) if enough else {}


def write_table(study: Study, search: Search, work_dir: Path) -> None:
    """Write ``trials.csv``, see :func:`trial_row`."""
    names = [parameter.name for parameter in search.space.parameters]
    columns = ['trial', 'state', 'value', *names, *_ATTRIBUTES]
    write_csv(work_dir / TABLE, columns, ([row.get(key) for key in columns]
                                          for row in trial_rows(study, search)))


def write_outcome(study: Study, search: Search, work_dir: Path,
                  winner: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write ``search.json`` and return its content; ``winner`` is from :func:`write_winner`."""
    outcome = dict(
        name=search.name, config=str(search.path), base=str(search.base), metric=search.metric,
        rule=search.rule, sampler=search.sampler, finished=len(finished_trials(study)),
        states=Counter(row['state'] for row in trial_rows(study, search)),
        winner=winner, importances=importances(study), main_effects=main_effects(study, search))
    write_json(work_dir / RECORD, outcome)
    return outcome


def draw(study: Study, search: Search, work_dir: Path) -> None:
    """Draw Optuna's plots of the study; nothing if there are too few complete trials."""
    if not importances(study):
        return
    matplotlib.use('Agg')
    for name, plot in zip(PICTURES, (
            plots.plot_optimization_history, plots.plot_param_importances,
            plots.plot_parallel_coordinate, plots.plot_slice), strict=True):
        plot(study, target_name=search.metric)
        pyplot.gcf().set_size_inches(4 + 1.6 * len(search.space.parameters), 4)
        with replacing(work_dir / name) as path:
            pyplot.savefig(path, format='png', dpi=110, bbox_inches='tight')
        pyplot.close()
