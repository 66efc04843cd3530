"""Refuse a data set with another number of classes than the model's."""
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import HOOKS
from torch.utils.data import DataLoader


@HOOKS.register_module()
class NumClassesHook(Hook):
    """Compare the head with the data before the first batch of each kind.

    mmpretrain checks nothing: one class folder too many ends in an index
    error inside the loss on the CPU and in a dead device on a GPU; one too
    few trains on. mmdet has NumClassCheckHook for its own heads.

    Raises:
        ValueError: They differ; the message names both and the classes.
    """

    def before_train(self, runner) -> None:
        self._check(runner, runner.train_dataloader)

    def before_val(self, runner) -> None:
        self._check(runner, runner.val_dataloader)

    def before_test(self, runner) -> None:
        self._check(runner, runner.test_dataloader)

    @staticmethod
    def _check(runner, loader: DataLoader) -> None:
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        classes = loader.dataset.metainfo['classes']
        if model.head.num_classes != len(classes):
            raise ValueError(
                f'model.head.num_classes is {model.head.num_classes}, but the data have '
                f'{len(classes)} classes ({", ".join(classes)}). Correct the one or the other.')
