"""Runs that differ in their seed alone, as one line of a table."""
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Protocol

from .collect import Entry

_TRIALS = 'trials'  # the folder of a search's; in each, configs are numbered from 0


class Metric(Protocol):
    """A figure under its three names, see ``tools.misc.result_files.METRICS``."""

    key: str
    name: str
    label: str
    decimals: int


@dataclass(frozen=True)
class Reported:
    """What a metafile says of a config.

    Attributes:
        row: Its id in a report, or ''.
        family: Name of the collection's folder.
        year: Of the family's paper; None if the metafile names none.
        parameters: Their number.
        trainable: Those that learn.
        time: The report's own words, or ''.
        figures: Names as in METRICS, and the figures as text.
        dataset: On which data.
    """

    row: str
    family: str
    year: int | None
    parameters: int
    trainable: int
    time: str
    figures: dict[str, str]
    dataset: str

    @property
    def on_validation(self) -> bool:
        """Whether the report validated there, so that the test's figure is not its equal."""
        return 'validation' in self.dataset


@dataclass(frozen=True)
class Spread:
    """Mean and range over runs.

    Attributes:
        values: One a run.
        decimals: How many are shown.
    """

    values: tuple[float, ...]
    decimals: int

    @property
    def mean(self) -> float:
        """Their mean."""
        return fmean(self.values)

    @property
    def middle(self) -> str:
        """The mean as text."""
        return f'{self.mean:.{self.decimals}f}'

    @property
    def range(self) -> str:
        """``[lowest to highest]``; '' of a single run."""
        if len(self.values) == 1:
            return ''
        low, high = (f'{value:.{self.decimals}f}' for value in (min(self.values), max(self.values)))
        return f'[{low} to {high}]'

    def __str__(self) -> str:
        return f'{self.middle} {self.range}'.strip()


@dataclass(frozen=True)
class Experiment:
    """Runs of one config on one kind of machine; see :func:`experiments`.

    Attributes:
        entries: Its runs, by seed.
        reported: What the report says; None for a config of no metafile.
        metric: The figure that it is judged by; None if none was measured.
    """

    entries: list[Entry]
    reported: Reported | None
    metric: Metric | None

    @property
    def config(self) -> str:
        """The config's path as the record has it."""
        return self.entries[0].trained['config']

    @property
    def options(self) -> list[str]:
        """What ``--cfg-options`` changed."""
        return self.entries[0].trained.get('options') or []

    @property
    def title(self) -> str:
        """The config's base name, of a search's trial with the search; and the options."""
        config = Path(self.config).with_suffix('')
        name = config.name
        if config.parent.name == _TRIALS:
            name = '/'.join(config.parts[-3:])
            before, found, _ = self.entries[0].name.partition(name)
            name = before + name if found else name  # several searches may share a folder's name
        return ' '.join([name, *self.options])

    @property
    def state(self) -> str:
        """In words."""
        states = [entry.state for entry in self.entries]
        if len(set(states)) == 1:
            return states[0]
        return ', '.join(f'{states.count(state)} {state}' for state in dict.fromkeys(states))

    def measured(self, key: str | None = None, part: str = 'test', decimals: int | None = None
                 ) -> Spread | None:
        """A figure over the seeds; None where no run has it.

        Args:
            key: As in result.json; None: the metric that the experiment is judged by.
            part: ``test``, or ``val``: the best epoch's.
            decimals: Shown; None: those of the metric.
        """
        key = key or (self.metric and self.metric.key)
        places = decimals if decimals is not None else self.metric.decimals if self.metric else 2
        values = [figures[key] for figures in self._figures(part) if key in figures]
        return Spread(tuple(values), places) if values else None

    def per_class(self, name: str, figure: str) -> Spread | None:
        """A class's accuracy, precision, recall or f1 (in %) over the seeds that were tested."""
        found = [(entry.tested.get('classes') or {}).get(name, {}).get(figure)
                 for entry in self.entries if entry.tested]
        values = [value for value in found if value is not None]
        return Spread(tuple(values), 1) if values else None

    def mean_of(self, key: str) -> float | None:
        """Mean of a number of the trainings' records, as seconds."""
        values = [entry.trained[key] for entry in self.entries if key in entry.trained]
        return fmean(values) if values else None

    @property
    def best(self) -> Entry:
        """The tested run with the best figure; the first where none has one."""
        key = self.metric and self.metric.key
        tested = [entry for entry in self.entries if key in entry.figures]
        if not tested:
            return self.entries[0]
        choose = min if key == 'loss' else max
        return choose(tested, key=lambda entry: entry.figures[key])

    def _figures(self, part: str) -> Iterable[dict[str, float]]:
        for entry in self.entries:
            found = entry.figures if part == 'test' else entry.trained['metrics']
            yield {key: value for key, value in found.items()
                   if isinstance(value, int | float) and math.isfinite(value)}


def experiments(entries: Sequence[Entry], reported: dict[str, Reported],
                metrics: Sequence[Metric]) -> list[Experiment]:
    """Group runs that may be averaged: those that agree in all but the seed.

    Args:
        entries: The runs.
        reported: By the configs' base names, which are unique.
        metrics: Known figures, the most telling first.
    """
    tested_on: dict[tuple, str] = {}
    for entry in entries:
        if entry.tested:
            tested_on.setdefault(_kind(entry), _test_data(entry))
    groups: dict[tuple, list[Entry]] = {}
    for entry in entries:
        # A run without a test joins those with which it agrees otherwise.
        data = _test_data(entry) if entry.tested else tested_on.get(_kind(entry))
        groups.setdefault((_kind(entry), data), []).append(entry)
    return [_experiment(sorted(runs, key=lambda one: one.trained.get('seed') or 0), reported,
                        metrics) for runs in groups.values()]


def _kind(entry: Entry) -> tuple:
    """Data too: the same config on other images is another experiment."""
    trained = entry.trained
    return (trained['config'], entry.state == 'unfinished',
            *(str(trained.get(key)) for key in ('config_hash', 'device', 'processes', 'precision',
                                                'data_fingerprint')))


def _test_data(entry: Entry) -> str:
    return str((entry.tested or {}).get('data_fingerprint'))


def _experiment(entries: list[Entry], reported: dict[str, Reported],
                metrics: Sequence[Metric]) -> Experiment:
    known = reported.get(Path(entries[0].trained['config']).stem)
    have = [{*entry.figures, *entry.trained['metrics']} for entry in entries]
    wanted = [metric for metric in metrics if known and metric.name in known.figures]
    order = [*wanted, *(metric for metric in metrics if metric.key != 'loss'), *metrics]
    found = [metric for metric in order if any(metric.key in keys for keys in have)]
    return Experiment(entries, known, found[0] if found else None)
