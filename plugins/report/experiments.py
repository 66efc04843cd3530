"""Group runs that differ only in their seed."""
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from plugins.engine.checks import is_number
from plugins.engine.config_keys import Kind, kind_of
from plugins.engine.intervals import seeds_interval, shown_interval
from plugins.engine.metric_names import METRICS, Metric, shown
from plugins.engine.run_reader import Run
from plugins.engine.wording import counted
from plugins.search.record import TRIALS


class Reported(NamedTuple):
    """What a metafile reports about a config."""

    row: str  # id of its row in a report, or ''
    parameters: int
    figures: dict[str, str]  # as text, by the metric's name in the metafile
    remark: str  # what a reader of the figures should know


class Spread(NamedTuple):
    """The values of one metric over several runs."""

    mean: float
    middle: str  # the mean as text
    range: str  # ``[lowest to highest]``; '' for a single run

    def __str__(self) -> str:
        return f'{self.middle} {self.range}'.strip()


def spread(values: Sequence[float], key: str) -> Spread:
    """Mean and range of at least one value of a metric."""
    mean = fmean(values)
    ends = f'[{shown(min(values), key)} to {shown(max(values), key)}]'
    return Spread(mean, shown(mean, key), ends if len(values) > 1 else '')


@dataclass(frozen=True)
class Experiment:
    """Runs of one config on one kind of machine; see :func:`experiments`."""

    entries: list[Run]  # by seed
    reported: Reported | None  # None if no metafile lists the config
    metric: Metric | None  # the main metric; None if no known metric was measured

    @property
    def first(self) -> dict[str, Any]:
        """The record of the first run's training."""
        return self.entries[0].trained

    @property
    def options(self) -> list[str]:
        """The changes by ``--cfg-options``, but for those of where and how fast the run was."""
        return [option for option in self.first.get('options') or []
                if kind_of(option.partition('=')[0].lstrip('+')) is not Kind.PLACE]

    @property
    def title(self) -> str:
        """Base name of the config (for a search's trial: <search>/trials/<trial>) and options."""
        config = Path(self.first['config']).with_suffix('')
        parts = config.parts[-3:] if config.parent.name == TRIALS else config.parts[-1:]
        return ' '.join(['/'.join(parts), *self.options])

    def measured(self, part: str = 'test', key: str = '') -> Spread | None:
        """The values of a metric over the seeds; None if no run has it.

        Args:
            part: ``test``, or ``val`` for the validation of the best epoch.
            key: Name of the metric in result.json; default: the experiment's main metric.
        """
        key = key or (self.metric.key if self.metric else '')
        found = [(entry.figures if part == 'test' else entry.trained['metrics']).get(key)
                 for entry in self.entries]
        values = list(filter(is_number, found))
        return spread(values, key) if values else None

    @property
    def result(self) -> str:
        """The main metric of the tests with its 95 % interval; with several seeds, their range."""
        found, first = self.measured(), self.entries[0]
        if found is None:
            return 'not tested'
        key = self.metric.key
        if not (own := first.intervals.get(key)):
            others = (f'[{key} {shown_interval(first.figures[key], ends, key)}]'
                      for key, ends in first.intervals.items() if ends)
            return ' '.join([str(found), *others])
        if len(values := [run.figures[key] for run in self.entries if key in run.figures]) > 1:
            return over_seeds(values, *image_counts(first))
        return shown_interval(found.mean, own)

    @property
    def basis(self) -> str:
        """What the result was measured on: images, and folds or seeds."""
        first, images = self.first, image_counts(self.entries[0])[0]
        runs = f"{first['folds']} folds, {counted(first['repeats'], 'repeat')}" \
            if 'folds' in first else counted(len(self.entries), 'seed')
        return ', '.join([*([counted(images, 'image')] if images else []), runs,
                          f'{self.mean_of("seconds"):,.0f} s'])

    def mean_of(self, key: str) -> float:
        """Mean over the runs of a number in their training records, such as ``seconds``."""
        return fmean(entry.trained[key] for entry in self.entries)


def over_seeds(values: Sequence[float], images: int, train: int) -> str:
    """Accuracies over seeds as text: mean, 95 % interval and range; see :func:`image_counts`."""
    found = spread(values, 'accuracy/top1')
    ends = seeds_interval(values, images, images / train if train else 0)
    return f'{shown_interval(found.mean, ends)} {found.range}'.strip()


def image_counts(run: Run) -> tuple[int, int]:
    """The numbers of tested and of training images; 0 where the records do not say it."""
    record, sizes = run.tested or {}, run.trained.get('sizes') or {}
    tested = record.get('images') or (record.get('sizes') or {}).get('test') or sum(
        one['images'] for one in (record.get('classes') or {}).values())
    return tested, sizes.get('train', 0)


def experiments(entries: Sequence[Run], reported: dict[str, Reported]) -> list[Experiment]:
    """Group runs that differ only in their seed; ``reported`` is keyed by config name.

    The same config on other data is another experiment, and so is each cross-validation: it has
    an interval of its own.
    """
    groups: dict[tuple, list[Run]] = {}
    for entry in entries:
        data = (entry.tested or {}).get('data_fingerprint')
        shared = ('folds' in entry.trained and entry.name, str(data), *(
            str(entry.trained.get(key)) for key in (
                'config', 'config_hash', 'device', 'processes', 'precision', 'data_fingerprint')))
        groups.setdefault(shared, []).append(entry)
    return [_experiment(sorted(runs, key=lambda one: one.trained.get('seed') or 0), reported)
            for runs in groups.values()]


def _experiment(entries: list[Run], reported: dict[str, Reported]) -> Experiment:
    known = reported.get(Path(entries[0].trained['config']).stem)
    have = {key for entry in entries for key in (*entry.figures, *entry.trained['metrics'])}
    wanted = [metric for metric in METRICS if known and metric.name in known.figures]
    order = [*wanted, *(metric for metric in METRICS if metric.key != 'loss'), *METRICS]
    return Experiment(entries, known, next((one for one in order if one.key in have), None))
