"""Refuse training when train, val and test share images."""
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS
from torch.utils.data import Dataset

# What decides which images a part gets; the rest of a config does only where these are equal.
_OF_SPLIT = ('seed', 'held_out', 'test_fraction', 'val_fraction', 'split_seed', 'split')
_OF_CHOICE = ('max_per_class', 'classes')


@HOOKS.register_module()
class DisjointPartsHook(Hook):
    """Check before the first epoch that no image is in two of train, val and test.

    Upstream trusts the lists that it is given. Here parts are cut by seeds
    and shares, which stand in each loader's config: another one in a single
    loader puts test images into the training set, and the accuracy that
    follows is too good.

    Images are compared by their names (file, or archive and row): duplicates
    under two names, which real data have, are no error here
    (tools/misc/check_dataset.py finds those). Files of the test part are
    listed, not decoded. A data set says its names by a property ``names``, its
    class those of a config by ``names_of_config``; data sets without, and
    test data that are not there yet, are left out with a line in the log.

    Args:
        val_may_be_test: Allow validation and test to share images, for
            experiments that have no third part.

    Raises:
        ValueError: Two parts share images.
    """

    def __init__(self, val_may_be_test: bool = False) -> None:
        self.val_may_be_test = val_may_be_test

    def before_train(self, runner) -> None:
        parts = {'train': _names(runner.train_dataloader.dataset)}
        if runner.val_loop is not None:
            parts['val'] = _names(runner.val_dataloader.dataset)
        if runner.cfg.get('test_dataloader'):
            seen = set().union(*(names for names in parts.values() if names))
            parts['test'] = self._listed(runner, seen)
        known = {part: names for part, names in parts.items() if names is not None}
        if left_out := [part for part in parts if part not in known]:
            runner.logger.info(f'DisjointPartsHook: not compared with the others: {left_out}')
        for one, other in combinations(known, 2):
            shared = known[one] & known[other]
            if shared and not (self.val_may_be_test and (one, other) == ('val', 'test')):
                raise ValueError(_message(one, other, known[one], known[other], shared,
                                          runner.cfg))

    @staticmethod
    def _listed(runner, seen: set[str]) -> set[str] | None:
        try:
            return _names_of_config(runner.cfg.test_dataloader.dataset, seen)
        except (OSError, ValueError) as error:  # its images are not wanted yet
            runner.logger.warning('test_dataloader cannot be compared with the training images, '
                                  f'nor will tools/test.py take it: {error}')
            return None


def _names(dataset: Dataset) -> set[str] | None:
    """Names of all images of a data set, through wrappers; None if it has none."""
    if hasattr(dataset, 'names'):
        return set(dataset.names)
    if hasattr(dataset, 'datasets'):
        return _union(_names(inner) for inner in dataset.datasets)
    return _names(dataset.dataset) if hasattr(dataset, 'dataset') else None


def _names_of_config(config: Mapping[str, Any], seen: set[str]) -> set[str] | None:
    """What :func:`_names` would give of the data set built from a config.

    It may leave out names that cannot be among those seen.
    """
    if 'datasets' in config:
        return _union(_names_of_config(inner, seen) for inner in config['datasets'])
    if 'dataset' in config:
        return _names_of_config(config['dataset'], seen)
    names_of_config = getattr(_dataset_class(config), 'names_of_config', None)
    return names_of_config and names_of_config(config, seen)


def _dataset_class(config: Mapping[str, Any]) -> type | None:
    kind = config['type']
    if not isinstance(kind, str):
        return kind
    with DATASETS.switch_scope_and_registry(None) as registry:
        return registry.get(kind)


def _union(sets: Iterable[set[str] | None]) -> set[str] | None:
    sets = list(sets)
    return None if None in sets else set().union(*sets)


def _message(one: str, other: str, first: set[str], second: set[str], shared: set[str],
             cfg: Mapping[str, Any]) -> str:
    loaders = f'{one}_dataloader', f'{other}_dataloader'
    examples = ', '.join(sorted(shared)[:3]) + (', ...' if len(shared) > 3 else '')
    datasets = [_innermost(cfg[loader]['dataset']) for loader in loaders]
    unequal = _differences(*datasets, _OF_SPLIT) or _differences(*datasets, _OF_CHOICE)
    todo = f'make these equal in both: {"; ".join(unequal)}; or ' if unequal else ''
    todo += _dataset_class(datasets[1]).holding_out(other)
    if one == 'val':
        todo += ('; or, where there is no third part, allow it: '
                 '+default_hooks.disjoint_parts.val_may_be_test=True')
    return (f'{loaders[0]} (of {len(first)} images) and {loaders[1]} (of {len(second)}) share '
            f'{len(shared)}: {examples}; expected none; {todo}')


def _differences(one: Mapping[str, Any], other: Mapping[str, Any], keys: Iterable[str]
                 ) -> list[str]:
    """Those keys of two data sets or their sources that differ, with both values."""
    both_cut = not {'all', None} & {one.get('part'), other.get('part')}
    found = []
    for key in keys:
        for place, (a, b) in (('', (one, other)), ('source.', (one.get('source', {}),
                                                              other.get('source', {})))):
            if not place and not both_cut:
                continue  # what a part is cut by means nothing to a loader that takes all
            if place and key == 'split':
                continue  # a source's split is the part that it gives
            if isinstance(a, Mapping) and isinstance(b, Mapping) and a.get(key) != b.get(key):
                found.append(f'{place}{key} ({a.get(key)} and {b.get(key)})')
    return found


def _innermost(config: Mapping[str, Any]) -> Mapping[str, Any]:
    while 'dataset' in config or 'datasets' in config:
        config = config['dataset'] if 'dataset' in config else config['datasets'][0]
    return config
