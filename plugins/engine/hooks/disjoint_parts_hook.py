"""Reject a training where train, val and test share images, and a test on images trained on."""
import json
import re
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from ..build_errors import naming
from ..config_keys import Kind, kind_of, resolved_keys
from ..trained_images import (
    TRAINED,
    Contents,
    changes,
    contents,
    image_names,
    packed,
    trained_on,
    twins,
)
from ..unwrap import inner_datasets
from ..wording import some


@HOOKS.register_module()
class DisjointPartsHook(Hook):
    """Check before the first epoch, and before a test, that no image is in two of the splits.

    Each loader's config names the seeds and shares of its split: a different one in one loader
    would put test images into the training set, and inflate the accuracy. A split at random also
    changes with the files in the folder, so checkpoints contain the names and contents of the
    images trained on: a test on these is rejected, as is a resumed run with other images.

    Images are compared by name (file, or archive and row). The same content under two names,
    which real data have, causes a warning. Test images are not decoded. A data set gives its names
    as a property ``names``, or is mmengine's BaseDataset with an ``img_path`` for each image; other
    data sets, and test data that do not exist yet, are skipped with a line in the log.

    Args:
        val_may_be_test: Allow validation and test to share images, for
            experiments without a third split.

    Raises:
        ValueError: Two splits share images, or a resumed run has others than it was begun with.
    """

    def __init__(self, val_may_be_test: bool = False) -> None:
        self.val_may_be_test = val_may_be_test

    def before_train(self, runner) -> None:
        parts = {'train': image_names(runner.train_dataloader.dataset)}
        if runner.val_loop is not None:
            parts['val'] = image_names(runner.val_dataloader.dataset)
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
        self._compare_contents(runner, {part: contents(names) for part, names in known.items()})

    def before_test(self, runner) -> None:
        names = image_names(runner.test_dataloader.dataset)
        if names is not None and runner.trained_images:
            tested, trained = contents(names), trained_on(runner.trained_images)
            _reject_trained(tested, trained)
            if told := twins(tested, trained):
                runner.warnings.append(f'The test images and those trained on share {told}.')

    @staticmethod
    def _compare_contents(runner, parts: dict[str, Contents]) -> None:
        """Compare files, also with those that the loaded weights were trained on."""
        for one, other in combinations(parts, 2):
            if told := twins(parts[one], parts[other]):
                runner.logger.warning(f'{one}_dataloader and {other}_dataloader share {told}')
        stored = runner.message_hub.get_info(TRAINED, {})
        now = {part: packed(parts[part]) for part in parts if part != 'test'}
        for part in now if runner._resume else ():
            if told := changes(*(images[part]['images'] for images in ({**now, **stored}, now))):
                raise ValueError(
                    f'{runner._load_from} was begun with other images in {part}_dataloader, of '
                    f'which {told}, below {now[part]["root"]}. Restore them, or start a new run in '
                    'another --work-dir')
        if not runner._resume:
            stored = {'earlier': packed(trained_on(stored))}
            _reject_trained(parts.get('test', {}), trained_on(stored))
        runner.message_hub.update_info(TRAINED, {**stored, **now})

    @staticmethod
    def _test_names(runner) -> set[str] | None:
        try:
            with naming(runner.cfg, 'test_dataloader'):
                return image_names(*inner_datasets(runner.cfg.test_dataloader.dataset))
        except (OSError, ValueError) as error:  # training does not need them
            runner.logger.warning('test_dataloader cannot be compared with the training images, '
                                  f'and tools/test.py will fail: {error}')
            return None


def _reject_trained(tested: Contents, trained: Contents) -> None:
    if same := [name for name in tested if trained.get(name) == tested[name]]:
        raise ValueError(
            f'Overlapping splits are rejected: the checkpoint was trained on {len(same)} of '
            f'{len(tested)} images of test_dataloader: {some(same, most=3)}. Either the config '
            'selects other images now, or files were added or removed, which changes a split at '
            'random: restore them, or train again')


def _message(sizes: Mapping[str, int], shared: list[str], cfg: Config) -> str:
    one, other = sizes
    first, second = (_choice(cfg, part) for part in sizes)
    differing = [f'{key} ({first.get(key)!r} and {second.get(key)!r})'
                 for key in sorted({*first, *second}) if first.get(key) != second.get(key)]
    allowed = ('; or, where there is no third part, allow it: '
               '+default_hooks.disjoint_parts.val_may_be_test=True') if one == 'val' else ''
    return (f'Overlapping splits are rejected: {one}_dataloader (of {sizes[one]} images) and '
            f'{other}_dataloader (of {sizes[other]}) share {len(shared)}: {some(shared, most=3)}. '
            f'They choose images by {some(differing) or "the same keys and values"}; expected the '
            'same data, seeds and shares in both, but another split, part or ann_file'
            f'{allowed}')


def _choice(cfg: Config, part: str) -> dict[str, Any]:
    """The keys of a loader that choose images, without the names of wrappers."""
    keys = {key: value for key, value in json.loads(resolved_keys(cfg)).items()
            if key.startswith(f'{part}_dataloader.') and kind_of(key) is Kind.IMAGES}
    return {re.sub(r'^\w+_dataloader\.((dataset|datasets\.\d+)\.)+', '', key): value
            for key, value in keys.items()}
