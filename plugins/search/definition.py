"""Read a search config: the space, the sampler, and the metric to improve."""
import random
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from plugins.engine.checks import is_whole, refuse, whole
from plugins.engine.command_line import LARGEST_SEED
from plugins.engine.files import resolve_path

from .space import MOST_TRIALS, Space, Values

SAMPLERS = ('grid', 'random', 'tpe')
# Arguments of the pruners and their minimum, below which Optuna fails when a trial reports.
PRUNERS = {'median': {'startup_trials': 0, 'warmup_epochs': 0},
           'hyperband': {'min_epochs': 1, 'factor': 2}}


@dataclass(frozen=True)
class Search:
    """The values of a search config (``raw``: as written); see configs/search/README.md."""

    path: Path
    raw: Mapping[str, Any]
    base: Path
    metric: str
    rule: str
    space: Space
    sampler: str
    n_trials: int | None
    seed: int
    seeds: tuple[int, ...]
    changes: Mapping[str, Any]
    enumerated: tuple[Values, ...]
    epochs: int | None
    pruner: Mapping[str, Any] | None
    heartbeat: int

    @property
    def name(self) -> str:
        """The name of the study, and of its work dir."""
        return self.path.stem

    def plan(self) -> list[Values]:
        """Values of the first trials: those enumerated, then the grid, shuffled by ``seed``."""
        rows = [dict(row) for row in self.enumerated]
        if self.sampler == 'grid':
            points = [point for point in self.space.grid() if point not in rows]
            random.Random(self.seed).shuffle(points)  # a partial grid is a random sample
            rows += points
        return rows

    def trials(self, wanted: int | None) -> int:
        """Number of trials to finish: ``wanted``, or ``n_trials``; at most the size of a grid.

        Raises:
            ValueError: Neither gives a number.
        """
        count = wanted or self.n_trials
        if self.sampler == 'grid':
            size = len(self.plan())
            return min(count or size, size)
        if count is None:
            raise ValueError(f'{self.path}: n_trials is missing; only a grid ends by itself')
        return count


_REQUIRED = {'base', 'space', 'metric'}
_DEFAULTS: dict[str, Any] = dict(
    sampler='grid', n_trials=None, rule=None, seed=0, seeds=[0], changes={}, enumerated=[],
    epochs=None, pruner=None, heartbeat=10)


def read_search(path: str | Path) -> Search:
    """Read a search config.

    Raises:
        OSError: The file or its base config is missing.
        ValueError: It is wrong; the message names file, key, what was found and what was expected.
    """
    from plugins.engine.config_check import read_config
    from plugins.engine.monitor import checked_rule
    path = Path(path).absolute()
    raw = read_config(str(path))._cfg_dict.to_dict()
    try:
        _check_keys(raw)
        given = {**_DEFAULTS, **raw}
        _check_values(given)
        given.update(base=_base_path(path, given['base']), space=Space(given['space']),
                     rule=checked_rule(given['metric'], given['rule']),
                     seeds=tuple(given['seeds']), enumerated=tuple(given['enumerated']))
        search = Search(path=path, raw=raw, **given)
        for number, row in enumerate(search.enumerated):
            search.space.check_values(f'enumerated[{number}]', row)
        search.plan()  # rejects a grid of ranges
    except ValueError as error:
        raise ValueError(f'search config {path}: {error}') from error
    return search


def _check_keys(raw: Mapping[str, Any]) -> None:
    known = _REQUIRED | set(_DEFAULTS)
    if {'model', 'train_cfg'} & set(raw):
        raise ValueError('this is a config to train; give it as base of a search config')
    for key in set(raw) - known:
        near = get_close_matches(key, known, n=1, cutoff=0)[0]
        raise ValueError(f'unknown key {key}; did you mean {near}?')
    if missing := sorted(_REQUIRED - set(raw)):
        raise ValueError(f'lacks {", ".join(missing)}')


def _base_path(path: Path, base: str) -> Path:
    beside = (path.parent / base).resolve()
    found = beside if beside.is_file() else resolve_path(base)
    if not found.is_file():
        raise FileNotFoundError(f'search config {path}: base is {base!r}, but there is no {beside}')
    return found


def _check_values(given: Mapping[str, Any]) -> None:
    seeds, rows, pruner = given['seeds'], given['enumerated'], given['pruner']
    for key, fits, expected in (
            ('sampler', given['sampler'] in SAMPLERS, f'one of {", ".join(SAMPLERS)}'),
            ('space', isinstance(given['space'], Mapping), 'a dict'),
            ('changes', isinstance(given['changes'], Mapping), 'a dict'),
            ('seeds', isinstance(seeds, list | tuple) and all(map(is_whole, seeds))
             and len(set(seeds)) == len(seeds) > 0, 'a list of different whole numbers'),
            ('enumerated', isinstance(rows, list | tuple)
             and all(isinstance(row, Mapping) for row in rows), 'a list of dicts'),
            ('pruner', pruner is None or isinstance(pruner, Mapping)
             and pruner.get('type') in PRUNERS, f'None or a dict of type {" or ".join(PRUNERS)}')):
        if not fits:
            raise refuse('', key, given[key], expected)
    for key, least, most in (('n_trials', 1, MOST_TRIALS), ('epochs', 1, 2 ** 31 - 1),
                             ('heartbeat', 1, 86_400), ('seed', 0, LARGEST_SEED)):
        if given[key] is not None or key not in ('n_trials', 'epochs'):
            whole('', key, given[key], least, most)
    for key in set(pruner or ()) - {'type'}:
        least = PRUNERS[pruner['type']]
        if key not in least:
            raise ValueError(f"pruner: {pruner['type']} reads {', '.join(least)}, not {key!r}")
        whole('pruner', key, pruner[key], least[key])
