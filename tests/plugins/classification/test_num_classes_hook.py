from types import SimpleNamespace
from typing import Any

import pytest
import torch

from plugins.classification.num_classes_hook import NumClassesHook


class Runner(SimpleNamespace):
    """What the hook looks at, with loaders of the classes given; it keeps the warnings."""

    def __init__(self, num_classes: int | None, train: Any = None, test: Any = None,
                 trained: tuple[str, ...] | None = None) -> None:
        head = torch.nn.Module()
        if num_classes is not None:
            head.num_classes = num_classes
        model = torch.nn.Module()
        model.head = head
        loaders = [SimpleNamespace(dataset=SimpleNamespace(metainfo=dict(classes=classes)))
                   for classes in (train, train, test)]
        self.warnings: list[str] = []
        super().__init__(model=model, trained_classes=trained, train_dataloader=loaders[0],
                         val_dataloader=loaders[1], test_dataloader=loaders[2],
                         logger=SimpleNamespace(warning=self.warnings.append))


def test_what_agrees_passes():
    runner, hook = Runner(2, train=('cat', 'dog'), test=['cat', 'dog']), NumClassesHook()
    hook.before_train(runner)
    hook.before_val(runner)
    hook.before_test(runner)
    assert hook.trained == ('cat', 'dog') and not runner.warnings


@pytest.mark.parametrize('num_classes', [1, 3])
def test_another_number_is_refused(num_classes):
    with pytest.raises(ValueError, match=f'head.num_classes is {num_classes}, but the data have 2 '
                                         r'classes \(cat, dog\)'):
        NumClassesHook().before_train(Runner(num_classes, train=('cat', 'dog')))


@pytest.mark.parametrize('trained', [None, ('cat', 'dog')])  # in this run, or by a checkpoint
@pytest.mark.parametrize('other', [('cat', 'dgo'), ('dog', 'cat')])
def test_a_test_set_of_other_names_or_order_is_rejected(other, trained):
    hook, runner = NumClassesHook(), Runner(2, ('cat', 'dog'), other, trained)
    if trained is None:
        hook.before_train(runner)
    with pytest.raises(ValueError, match=f'classes {", ".join(other)}, but .* trained on cat, dog'):
        hook.before_test(runner)


def test_what_cannot_be_compared_is_said_once():
    hook, runner = NumClassesHook(), Runner(2)
    hook.before_train(runner)
    hook.before_val(runner)
    assert runner.warnings == ["NumClassesHook: SimpleNamespace's metainfo names no classes; "
                               'cannot check whether data and model agree']
    runner = Runner(None, train=('cat', 'dog'))
    NumClassesHook().before_train(runner)
    assert 'model.head (Module) has no num_classes' in runner.warnings[0]
    del runner.train_dataloader.dataset.metainfo, runner.model.head
    hook = NumClassesHook()
    hook.before_train(runner)
    assert len(runner.warnings) == 2 and hook.trained is None
