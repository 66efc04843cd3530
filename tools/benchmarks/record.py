"""What a benchmark found: cases of timed variants, figures with targets, and where it ran."""
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from .timing import speed_ratio, summary

FORMAT = 1
PACKAGES = ('torch', 'torchvision', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain',
            'onedl-mmdetection', 'numpy', 'kornia')
STAGES = ('data', 'augmentation', 'forward', 'backward', 'optimiser', 'engine')


@dataclass(frozen=True)
class Settings:
    """What the command line asks for.

    Attributes:
        folder: For everything that is written; deleted at the end.
        quick: Sizes for a test of the benchmark itself, not for figures to quote.
        rounds: How often each variant is timed; None for the suite's own number.
        threads: Threads of torch in this process and in those it starts.
    """

    folder: Path
    quick: bool = False
    rounds: int | None = None
    threads: int = 1

    def pick(self, full: Any, quick: Any) -> Any:
        """One of the two, as ``quick`` says."""
        return quick if self.quick else full


@dataclass
class Figure:
    """One number that is compared with what the project promises.

    Attributes:
        name: What it is, e.g. ``ours / bare``.
        value: Found.
        target: Promised; None where nothing is.
        at_least: Whether it should be the target or more; False: or less.
        range: Smallest and largest over the rounds, where there are several.
    """

    name: str
    value: float
    target: float | None = None
    at_least: bool = True
    range: tuple[float, float] | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one."""
        if self.target is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


@dataclass
class Case:
    """One comparison.

    Attributes:
        name: Short, unique within the suite.
        what: For readers: model, batch, precision, augmentation, and which code is whose.
        samples: Variant -> seconds per iteration (or per run), one for each round.
        images: Images of an iteration, for images per second; None where there are none.
        figures: Ratios and other figures, with their targets.
        split: Seconds per iteration of each of STAGES of ours, measured in a block of its own.
        checks: What was found equal before anything was timed, and how nearly.
        facts: Whatever else belongs in the record.
    """

    name: str
    what: str
    samples: dict[str, list[float]] = field(default_factory=dict)
    images: int | None = None
    figures: list[Figure] = field(default_factory=list)
    split: dict[str, float] | None = None
    checks: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def compare(self, of: str, against: Sequence[str], name: str,
                target: float | None = None) -> None:
        """Add the figure: how many times as fast ``of`` is as the fastest of ``against``."""
        ratio = speed_ratio(self.samples, of, against)
        self.figures.append(Figure(name, ratio['value'], target,
                                   range=(ratio['min'], ratio['max'])))


def case_record(case: Case) -> dict[str, Any]:
    """A case as it stands in the JSON file."""
    variants = {}
    for name, seconds in case.samples.items():
        middle = summary(seconds)
        variants[name] = dict(seconds=list(seconds), **middle)
        if case.images:
            variants[name]['images_per_second'] = case.images / middle['median']
    return dict(name=case.name, what=case.what, images_per_iteration=case.images,
                variants=variants, split=case.split, checks=case.checks, facts=case.facts,
                figures=[dict(asdict(figure), met=figure.met) for figure in case.figures])


def full_record(suite: str, settings: Settings, cases: Sequence[Case], began: Mapping[str, Any],
                seconds: float) -> dict[str, Any]:
    """Everything: the machine, the versions, and each case with every sample.

    Args:
        began: What :func:`surroundings` gave before the first block.
        seconds: That the whole benchmark took.
    """
    return dict(format=FORMAT, suite=suite, quick=settings.quick, rounds=settings.rounds,
                threads=settings.threads, seconds=round(seconds, 1), **began,
                cases=[case_record(case) for case in cases])


def surroundings() -> dict[str, Any]:
    """Device, versions and commit."""
    from plugins.engine.run_record import device_name, git_commit
    versions = {'python': platform.python_version()}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    return dict(device=device_name(), platform=platform.platform(), versions=versions,
                git_commit=git_commit())
