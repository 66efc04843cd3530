"""Reject data whose classes are not the model's."""
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch.utils.data import DataLoader

from plugins.engine.unwrap import unwrapped


@HOOKS.register_module()
class NumClassesHook(Hook):
    """Compare head, data and checkpoint before the first batch of each kind.

    Otherwise one class folder too many ends in an index error inside the loss,
    one too few trains on, and one misspelt folder of a test set shifts every
    label behind it.

    A data set without class names, or a head without ``num_classes``, cannot be
    compared; a warning says so, once.

    Raises:
        ValueError: The numbers differ, or the names from those that the model
            was trained on.
    """

    def __init__(self) -> None:
        self.trained: tuple[str, ...] | None = None
        self._warned = False

    def before_train(self, runner) -> None:
        self._check(runner, runner.train_dataloader)

    def before_val(self, runner) -> None:
        self._check(runner, runner.val_dataloader)

    def before_test(self, runner) -> None:
        self._check(runner, runner.test_dataloader)

    def _check(self, runner, loader: DataLoader) -> None:
        classes = (getattr(loader.dataset, 'metainfo', None) or {}).get('classes')
        head = getattr(unwrapped(runner), 'head', None)
        num_classes = getattr(head, 'num_classes', None)
        if classes is None or num_classes is None:
            lacking = f"{type(loader.dataset).__name__}'s metainfo names no classes" \
                if classes is None else f'model.head ({type(head).__name__}) has no num_classes'
            if not self._warned:
                runner.logger.warning(f'NumClassesHook: {lacking}; whether data and model agree '
                                      'is not checked')
            self._warned = True
            return
        if num_classes != len(classes):
            raise ValueError(
                f'model.head.num_classes is {num_classes}, but the data have '
                f'{len(classes)} classes ({", ".join(classes)}). Correct the one or the other.')
        self.trained = self.trained or getattr(runner, 'trained_classes', None) or classes
        if tuple(self.trained) != tuple(classes):
            raise ValueError(
                f'the data have the classes {", ".join(classes)}, but the model was trained on '
                f'{", ".join(self.trained)}: every label would mean another class. Rename or '
                'remove what differs.')
