"""The results and conditions of a benchmark, as JSON and as text."""
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from plugins.engine.run_record import device_name, git_commit

from .measure import Block

PACKAGES = ('torch', 'torchvision', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain',
            'onedl-mmdetection', 'numpy', 'kornia')


@dataclass(frozen=True)
class Settings:
    """The options of the command line."""

    folder: Path  # temporary, for all files; deleted at the end
    quick: bool = False  # small sizes, to test the benchmark itself
    rounds: int | None = None  # how often each variant is timed; None: the suite's default

    def pick(self, full: Any, quick: Any) -> Any:
        """Return one of the two, depending on ``quick``."""
        return quick if self.quick else full

    def time(self, blocks: Mapping[str, Block], rounds: int) -> dict[str, list[float]]:
        """Call every block once per round, each round starting with the next one.

        If the machine slows down or runs other programs, all blocks are affected alike. Returns
        each block's seconds in every round, by name.
        """
        names = list(blocks)
        samples: dict[str, list[float]] = {name: [] for name in names}
        for number in range(self.rounds or self.pick(rounds, 1)):
            first = number % len(names)
            for name in names[first:] + names[:first]:
                seconds = blocks[name]()
                samples[name].append(seconds)
                print(f'  round {number + 1}, {name}: {1e3 * seconds:.3g} ms', file=sys.stderr)
        return samples


@dataclass
class Case:
    """One comparison."""

    name: str  # short, unique within the suite
    what: str  # for readers: model, batch, precision, augmentation
    # seconds of each variant per iteration (or per run), one for each round
    samples: dict[str, list[float]] = field(default_factory=dict)
    figures: list[dict[str, Any]] = field(default_factory=list)  # see add()
    split: dict[str, float] | None = None  # seconds of the stages of an iteration of ours
    # what was compared before the timing, and how much it differs
    checks: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)  # other conditions and results

    def median(self, variant: str) -> float:
        """Return the median seconds of a variant."""
        return statistics.median(self.samples[variant])

    def add(self, name: str, value: float, each: list[float] | None = None) -> None:
        """Add a figure, with the range of its values over the rounds if there are several."""
        self.figures.append(dict(name=name, value=value,
                                 range=each and [min(each), max(each)]))

    def compare(self, variant: str, others: str, name: str) -> None:
        """Add a figure: the speed of a variant relative to the fastest of others.

        ``others`` is the prefix of their names.
        """
        best = min((key for key in self.samples if key.startswith(others)), key=self.median)
        self.add(name, self.median(best) / self.median(variant), [
            theirs / own for theirs, own in zip(self.samples[best], self.samples[variant],
                                                strict=True)])

    def record(self) -> dict[str, Any]:
        """Return the case as JSON."""
        variants = {name: dict(seconds=seconds, median=self.median(name))
                    for name, seconds in self.samples.items()}
        return dict(name=self.name, what=self.what, variants=variants, split=self.split,
                    checks=self.checks, facts=self.facts, figures=self.figures)

    def __str__(self) -> str:
        lines = {name: f'{_number(1e3 * self.median(name))} ms{_range(seconds, 1e3)}'
                 for name, seconds in self.samples.items()}
        lines.update((figure['name'], _number(figure['value']) + _range(figure['range']))
                     for figure in self.figures)
        if self.split:
            lines['ms of a step of ours'] = ', '.join(
                f'{stage} {1e3 * seconds:.2f}' for stage, seconds in self.split.items())
        return '\n'.join([f'{self.name}: {self.what}', *(
            f'  {name}: {text}' for name, text in {**lines, **self.checks, **self.facts}.items())])


def _range(values: Sequence[float] | None, unit: float = 1) -> str:
    return f' ({_number(unit * min(values))} to {_number(unit * max(values))})' if values else ''


def _number(value: float) -> str:
    return f'{value:,.0f}' if value >= 1000 else f'{value:.3g}'


def conditions() -> dict[str, Any]:
    """Return threads, device, CPU capabilities, versions and commit."""
    versions = {'python': platform.python_version(),
                **{package: metadata.version(package) for package in PACKAGES}}
    return dict(threads=torch.get_num_threads(), device=device_name(),
                cpu_features=[name for name, found in torch.cpu.get_capabilities().items()
                              if found is True],
                platform=platform.platform(), versions=versions, git_commit=git_commit())
