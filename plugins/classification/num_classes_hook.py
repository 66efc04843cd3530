"""Reject data whose classes differ from the model's."""
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from torch.utils.data import DataLoader

from plugins.engine.unwrap import unwrapped


@HOOKS.register_module()
class NumClassesHook(Hook):
    """Compare the classes of head, data and checkpoint before train, val and test.

    Otherwise an extra class folder causes an index error in the loss, a missing
    one goes unnoticed, and a misspelt one in a test set shifts all labels after
    it.

    A data set without class names, or a head without ``num_classes``, cannot be
    compared, which causes one warning.

    Raises:
        ValueError: The numbers differ, or the names differ from those that the
            model was trained on.
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
                runner.logger.warning(f'NumClassesHook: {lacking}; cannot check whether data and '
                                      'model agree')
            self._warned = True
            return
        if num_classes != len(classes):
            raise ValueError(
                f'model.head.num_classes is {num_classes}, but the data have '
                f'{len(classes)} classes ({", ".join(classes)}). Correct one of them.')
        self.trained = self.trained or getattr(runner, 'trained_classes', None) or classes
        if tuple(self.trained) != tuple(classes):
            raise ValueError(
                f'the data have the classes {", ".join(classes)}, but the model was trained on '
                f'{", ".join(self.trained)}, so labels would be wrong. Rename or remove what '
                'differs.')
