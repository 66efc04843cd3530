"""Reject training where train, val and test share images."""
import json
import re
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import DATASETS, HOOKS
from torch.utils.data import Dataset

from ..build_errors import naming
from ..config_keys import Kind, kind_of, resolved_keys


@HOOKS.register_module()
class DisjointPartsHook(Hook):
    """Check before the first epoch that no image is in two of train, val and test.

    Each loader's config names the seeds and shares of its split: a different one in one loader
    would put test images into the training set, and inflate the accuracy.

    Images are compared by name (file, or archive and row): identical images with two names, which
    real data have, are no error here (tools/misc/check_dataset.py finds them). Test images are not
    decoded. A data set gives its names as a property ``names``; data sets without it, and test
    data that do not exist yet, are skipped with a line in the log.

    Args:
        val_may_be_test: Allow validation and test to share images, for
            experiments without a third split.

    Raises:
        ValueError: Two splits share images.
    """

    def __init__(self, val_may_be_test: bool = False) -> None:
        self.val_may_be_test = val_may_be_test

    def before_train(self, runner) -> None:
        parts = {'train': _names(runner.train_dataloader.dataset)}
        if runner.val_loop is not None:
            parts['val'] = _names(runner.val_dataloader.dataset)
        if runner.cfg.get('test_dataloader'):
            parts['test'] = self._test_names(runner)
        known = {part: names for part, names in parts.items() if names is not None}
        if left_out := [part for part in parts if part not in known]:
            runner.logger.info(f'DisjointPartsHook: not compared with the others: {left_out}')
        for one, other in combinations(known, 2):
            shared = known[one] & known[other]
            if shared and not (self.val_may_be_test and (one, other) == ('val', 'test')):
                sizes = {one: len(known[one]), other: len(known[other])}
                raise ValueError(_message(sizes, sorted(shared), runner.cfg))

    @staticmethod
    def _test_names(runner) -> set[str] | None:
        try:
            with naming(runner.cfg, 'test_dataloader'):
                return _names_of_config(runner.cfg.test_dataloader.dataset)
        except (OSError, ValueError) as error:  # training does not need them
            runner.logger.warning('test_dataloader cannot be compared with the training images, '
                                  f'and tools/test.py will fail: {error}')
            return None


def _names(dataset: Dataset) -> set[str] | None:
    """Names of all images of a data set, also inside wrappers; None if it has no names."""
    if hasattr(dataset, 'names'):
        return set(dataset.names)
    if hasattr(dataset, 'datasets'):
        return _union(_names(inner) for inner in dataset.datasets)
    return _names(dataset.dataset) if hasattr(dataset, 'dataset') else None


def _names_of_config(config: Mapping[str, Any]) -> set[str] | None:
    """The result of :func:`_names` for the data set that a config describes."""
    if 'datasets' in config:
        return _union(_names_of_config(inner) for inner in config['datasets'])
    if 'dataset' in config:
        return _names_of_config(config['dataset'])
    with DATASETS.switch_scope_and_registry(None) as registry:
        kind = config['type']
        kind = registry.get(kind) if isinstance(kind, str) else kind
        return set(registry.build(config).names) if hasattr(kind, 'names') else None


def _union(sets: Iterable[set[str] | None]) -> set[str] | None:
    sets = list(sets)
    return None if None in sets else set().union(*sets)


def _message(sizes: Mapping[str, int], shared: list[str], cfg: Config) -> str:
    one, other = sizes
    first, second = (_choice(cfg, part) for part in sizes)
    differing = [f'{key} ({first.get(key)!r} and {second.get(key)!r})'
                 for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    examples = ', '.join(shared[:3]) + (', ...' if len(shared) > 3 else '')
    allowed = ('; or, where there is no third part, allow it: '
               '+default_hooks.disjoint_parts.val_may_be_test=True') if one == 'val' else ''
    return (f'Overlapping splits are rejected: {one}_dataloader (of {sizes[one]} images) and '
            f'{other}_dataloader (of {sizes[other]}) share {len(shared)}: {examples}. They choose '
            f'images by {", ".join(differing[:6]) or "the same keys and values"}; expected the '
            'same data, seeds and shares in both, but another split, part or ann_file'
            f'{allowed}')


def _choice(cfg: Config, part: str) -> dict[str, Any]:
    """The keys of a loader that choose images, without the names of wrappers."""
    keys = {key: value for key, value in json.loads(resolved_keys(cfg)).items()
            if key.startswith(f'{part}_dataloader.') and kind_of(key) is Kind.IMAGES}
    return {re.sub(r'^\w+_dataloader\.((dataset|datasets\.\d+)\.)+', '', key): value
            for key, value in keys.items()}
