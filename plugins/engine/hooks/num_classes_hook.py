"""Reject data whose classes differ from the model's."""
from contextlib import suppress
from typing import Any

from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch import nn

from ..unwrap import inner_datasets, unwrapped


@HOOKS.register_module()
class NumClassesHook(Hook):
    """Compare the classes of head, all data and checkpoint before the first step, val and test.

    Otherwise an extra class causes an index error in the loss, a missing
    one goes unnoticed, and a misspelt one in a test set shifts all labels after
    it. mmdet's NumClassCheckHook compares only numbers, in training and validation.

    A data set without class names, or heads without ``num_classes``, cannot be
    compared, which causes one warning.

    Raises:
        ValueError: The numbers differ, or the names or their order differ from those that the
            model was trained on.
    """

    def __init__(self) -> None:
        self.trained: tuple[str, ...] | None = None
        self._warned = False

    def before_train(self, runner) -> None:
        self._check(runner, 'train', runner.train_dataloader.dataset)
        if runner.val_loop is not None:
            self._check(runner, 'val', runner.val_dataloader.dataset)
        tested: list[Any] = []
        with suppress(OSError, ValueError):  # of which DisjointPartsHook warns
            if config := runner.cfg.get('test_dataloader'):
                tested = inner_datasets(config.dataset)
        for dataset in tested:
            self._check(runner, 'test', dataset)

    def before_val(self, runner) -> None:
        self._check(runner, 'val', runner.val_dataloader.dataset)

    def before_test(self, runner) -> None:
        self._check(runner, 'test', runner.test_dataloader.dataset)

    def _check(self, runner, part: str, dataset: Any) -> None:
        classes = (getattr(dataset, 'metainfo', None) or {}).get('classes')
        sizes = head_sizes(unwrapped(runner))
        if classes is None or not sizes:
            lacking = f"{type(dataset).__name__}'s metainfo names no classes" \
                if classes is None else 'no head of the model has num_classes'
            if not self._warned:
                runner.logger.warning(f'NumClassesHook: {lacking}; cannot check whether data and '
                                      'model agree')
            self._warned = True
            return
        for name, size in sizes.items():
            if size != len(classes):
                raise ValueError(f'model.{name}.num_classes is {size}, but {part}_dataloader has '
                                 f'{len(classes)} classes ({", ".join(classes)}). Correct one of '
                                 'them.')
        self.trained = self.trained or getattr(runner, 'trained_classes', None) or tuple(classes)
        if tuple(self.trained) != tuple(classes):
            raise ValueError(
                f'{part}_dataloader has the classes {", ".join(classes)}, but the model was '
                f'trained on {", ".join(self.trained)}, so labels would be wrong. Rename, reorder '
                'or remove what differs.')


def head_sizes(model: nn.Module) -> dict[str, int]:
    """``num_classes`` of each head, by the name of its module; regions proposed have no class."""
    return {name: module.num_classes for name, module in model.named_modules()
            if 'head' in name and not any(other in name for other in ('rpn', 'semantic'))
            and isinstance(getattr(module, 'num_classes', None), int)}
