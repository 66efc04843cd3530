"""Read a search config: the space, the sampler, and the metric to improve."""
import random
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from plugins.engine.checks import check_shape, one_of, refuse, whole
from plugins.engine.command_line import LARGEST_SEED
from plugins.engine.files import resolve_path
from plugins.engine.wording import near

from .space import ADVICE, MOST_TRIALS, Space, Values

SAMPLERS = ('grid', 'random', 'tpe')
PRUNER = ('startup_trials', 'warmup_epochs')  # arguments of the median pruner, from 0


@dataclass(frozen=True)
class Search:
    """The values of a search config (``raw``: as written); see configs/search/README.md."""

    path: Path
    raw: Mapping[str, Any]
    base: Path
    metric: str
    space: Space
    rule: str = ''  # inferred from the metric
    sampler: str = 'grid'
    n_trials: int | None = None
    seed: int = 0
    seeds: Sequence[int] = (0,)
    changes: Mapping[str, Any] = field(default_factory=dict)
    enumerated: Sequence[Values] = ()
    epochs: int | None = None
    pruner: Mapping[str, Any] | None = None
    heartbeat: int = 10

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
            ValueError: Neither gives a number, or it is above ``MOST_TRIALS``.
        """
        count = wanted and whole('', '--trials', wanted, 1, MOST_TRIALS) or self.n_trials
        if self.sampler == 'grid':
            size = len(self.plan())
            return min(count or size, size)
        if count is None:
            raise ValueError(f'{self.path}: n_trials is missing; only a grid ends by itself')
        return count


def read_search(path: str | Path) -> Search:
    """Read a search config; a value of None stands for the default.

    Raises:
        OSError: The file or its base config is missing.
        ValueError: It is wrong; the message names file, key, what was found and what was expected.
    """
    from plugins.engine.config_check import read_config
    from plugins.engine.monitor import checked_rule
    path = Path(path).absolute()
    raw = read_config(str(path))._cfg_dict.to_dict()
    given = {key: value for key, value in raw.items() if value is not None}
    try:
        _check_keys(given)
        _check_values(given)
        given.update(base=_base_path(path, given['base']), space=Space(given['space']),
                     rule=checked_rule(given['metric'], given.get('rule')))
        search = Search(path=path, raw=raw, **given)
        for number, row in enumerate(search.enumerated):
            search.space.check_values(f'enumerated[{number}]', row)
        search.plan()  # rejects a grid of ranges
    except ValueError as error:
        raise ValueError(f'search config {path}: {error}') from error
    return search


def _check_keys(given: Mapping[str, Any]) -> None:
    known = {one.name: one for one in fields(Search) if one.name not in ('path', 'raw')}
    if {'model', 'train_cfg'} & set(given):
        raise ValueError('this is a config to train; give it as base of a search config')
    for key in set(given) - set(known):
        raise ValueError(f'unknown key {key}{near(key, list(known))}')
    if missing := [name for name, one in known.items() if name not in given
                   and one.default is one.default_factory is MISSING]:
        raise ValueError(f'lacks {", ".join(missing)}')


def _base_path(path: Path, base: str) -> Path:
    beside = (path.parent / base).resolve()
    found = beside if beside.is_file() else resolve_path(base)
    if not found.is_file():
        raise FileNotFoundError(f'search config {path}: base is {base!r}, but there is no {beside}')
    return found


def _check_values(given: Mapping[str, Any]) -> None:
    for key, shape in dict(base='text', metric='text', rule='text', space='a dict',
                           changes='a dict', enumerated=['a dict'], seeds=['a whole number'],
                           pruner='a dict').items():
        if key in given:
            check_shape(given[key], shape, key, ADVICE)
    one_of('', 'sampler', given.get('sampler', 'grid'), SAMPLERS)
    seeds = given.get('seeds', [0])
    if not seeds or len(set(seeds)) < len(seeds):
        raise refuse('', 'seeds', seeds, 'a list of different whole numbers')
    for key, least, most in (('n_trials', 1, MOST_TRIALS), ('epochs', 1, 2 ** 31 - 1),
                             ('heartbeat', 1, 86_400), ('seed', 0, LARGEST_SEED)):
        if key in given:
            whole('', key, given[key], least, most)
    if 'pruner' in given:
        pruner = dict(given['pruner'])
        one_of('pruner', 'type', pruner.pop('type', None), ('median',))
        for key, value in pruner.items():
            if key not in PRUNER:
                raise ValueError(f'pruner: median reads {", ".join(PRUNER)}, not {key!r}')
            whole('pruner', key, value, 0)
