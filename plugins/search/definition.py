"""A search config: what is searched, how, and what counts as better."""
import random
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from plugins.engine.files import resolve_path

from .space import Space, Values

SAMPLERS = ('grid', 'random', 'tpe')
# Their arguments, each with its least value: with less, Optuna fails, once a trial reports.
PRUNERS = {'median': {'startup_trials': 0, 'warmup_epochs': 0},
           'hyperband': {'min_epochs': 1, 'factor': 2}}


@dataclass(frozen=True)
class Search:
    """What a search config says, checked as far as that goes without the base config.

    Attributes:
        path: The search config.
        base: The leaf config whose keys are searched.
        space: What is varied.
        metric: A number that the base's validation gives, of the epoch where it is best.
        sampler: ``grid``, ``random`` or ``tpe``.
        n_trials: Finished trials that the study is to have; None for a grid: all of it.
        rule: ``greater`` or ``less``: which values of the metric are better.
        seed: Of the sampler.
        seeds: Of the trials; a trial's value is the mean over them.
        changes: Dotted keys that all trials change in the base.
        enumerated: Values of trials that come first.
        epochs: Budget of a trial; None: the base's.
        pruner: ``dict(type='median' or 'hyperband', ...)``; None: each trial runs to its end.
        heartbeat: Seconds between two signs of life of a trial. One that gives none for six times
            as long is taken for killed, and run again.
        raw: The config's values, as written.
    """

    path: Path
    base: Path
    space: Space
    metric: str
    sampler: str
    n_trials: int | None
    rule: str
    seed: int
    seeds: tuple[int, ...]
    changes: Mapping[str, Any]
    enumerated: tuple[Values, ...]
    epochs: int | None
    pruner: Mapping[str, Any] | None
    heartbeat: int
    raw: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Of the study in the database, and of the work dir."""
        return self.path.stem

    def plan(self) -> list[Values]:
        """Values of the first trials: the enumerated, then the grid, in the seed's order.

        What follows, the sampler chooses.
        """
        rows = [dict(row) for row in self.enumerated]
        if self.sampler == 'grid':
            points = [point for point in self.space.grid() if point not in rows]
            random.Random(self.seed).shuffle(points)  # so that a part of a grid is no corner of it
            rows += points
        return rows

    def trials(self, asked: int | None) -> int:
        """How many trials the study is to have.

        Args:
            asked: ``--trials``; None takes the config's.

        Raises:
            ValueError: Nobody says so.
        """
        count = asked or self.n_trials
        if self.sampler == 'grid':
            size = len(self.plan())
            return min(count or size, size)
        if count is None:
            raise ValueError(f'{self.path}: n_trials is missing; only a grid has an end of its own')
        return count


_REQUIRED = {'base', 'space', 'metric'}
_DEFAULTS: dict[str, Any] = dict(
    sampler='grid', n_trials=None, rule=None, seed=0, seeds=[0], changes={}, enumerated=[],
    epochs=None, pruner=None, heartbeat=10)


def read_search(path: str | Path) -> Search:
    """Read a search config.

    Raises:
        OSError: The file, or its base, is missing.
        ValueError: It is no search config; names file, key, what was found and what was expected.
    """
    from plugins.engine.config_check import read_config
    from plugins.engine.monitor import checked_rule
    path = Path(path).absolute()
    raw = read_config(str(path))._cfg_dict.to_dict()
    try:
        _check_keys(raw)
        given = {**_DEFAULTS, **raw}
        base = _base_path(path, given['base'])
        _check_values(given)
        search = Search(
            path, base, Space(given['space']), given['metric'], given['sampler'],
            given['n_trials'], checked_rule(given['metric'], given['rule']), given['seed'],
            tuple(given['seeds']), given['changes'], tuple(given['enumerated']), given['epochs'],
            given['pruner'], given['heartbeat'], raw)
        for number, row in enumerate(search.enumerated):
            search.space.check_values(f'enumerated[{number}]', row, search.sampler == 'grid')
        search.plan()  # a grid of ranges ends here
    except ValueError as error:
        raise ValueError(f'search config {path}: {error}') from error
    return search


def _check_keys(raw: Mapping[str, Any]) -> None:
    known = _REQUIRED | set(_DEFAULTS)
    for key in set(raw) - known:
        near = get_close_matches(key, known, n=1, cutoff=0)[0]
        hint = 'it is a config to train; give it as base of a search config' \
            if {'model', 'train_cfg'} & set(raw) else f'the nearest that is read: {near}'
        raise ValueError(f'nothing reads the key {key}; {hint}')
    if missing := sorted(_REQUIRED - set(raw)):
        raise ValueError(f'lacks {", ".join(missing)}')


def _base_path(path: Path, base: str) -> Path:
    beside = (path.parent / base).resolve()
    found = beside if beside.is_file() else resolve_path(base)
    if not found.is_file():
        raise FileNotFoundError(f'search config {path}: base is {base!r}, but there is no {beside}')
    return found


def _check_values(given: Mapping[str, Any]) -> None:
    if given['sampler'] not in SAMPLERS:
        raise ValueError(f"sampler is {given['sampler']!r}, expected one of {', '.join(SAMPLERS)}")
    for key, least in (('n_trials', 1), ('epochs', 1), ('heartbeat', 1), ('seed', 0)):
        optional = key in ('n_trials', 'epochs')
        if not (_is_whole(given[key], least) or given[key] is None and optional):
            raise ValueError(f'{key} is {given[key]!r}, expected a whole number, at least {least}')
    seeds = given['seeds']
    if not isinstance(seeds, list | tuple) or not seeds or len(set(seeds)) < len(seeds) \
            or not all(_is_whole(seed, 0) for seed in seeds):
        raise ValueError(f'seeds is {seeds!r}, expected a list of different whole numbers')
    for key in ('space', 'changes'):
        if not isinstance(given[key], Mapping):
            raise ValueError(f'{key} is {given[key]!r}, expected a dict')
    if not all(isinstance(row, Mapping) for row in given['enumerated']):
        raise ValueError(f"enumerated is {given['enumerated']!r}, expected a list of dicts")
    pruner = given['pruner']
    if pruner is None:
        return
    if not isinstance(pruner, Mapping) or pruner.get('type') not in PRUNERS:
        raise ValueError(f'pruner is {pruner!r}, expected None or a dict whose type is one of '
                         f'{", ".join(PRUNERS)}')
    least = PRUNERS[pruner['type']]
    for key in set(pruner) - {'type'}:
        if key not in least or not _is_whole(pruner[key], least[key]):
            known = ', '.join(f'{name} (at least {n})' for name, n in least.items())
            raise ValueError(f"pruner.{key}={pruner[key]!r}: {pruner['type']} takes whole numbers "
                             f'{known}')


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
