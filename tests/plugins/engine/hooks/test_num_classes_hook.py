from types import SimpleNamespace
from typing import Any

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS

from plugins.engine.hooks import NumClassesHook


@DATASETS.register_module()
class NamedClasses(torch.utils.data.Dataset):
    """A data set that says nothing but its classes; None: it has no metainfo."""

    def __init__(self, classes: tuple[str, ...] | None) -> None:
        if classes == 'missing':
            raise FileNotFoundError('no such folder')
        if classes is not None:
            self.metainfo = dict(classes=classes)


def model(num_classes: int | None, name: str = 'head') -> torch.nn.Module:
    found = torch.nn.Module()
    outer = found
    for part in name.split('.'):
        inner = torch.nn.Module()
        outer.add_module(part, inner)
        outer = inner
    if num_classes is not None:
        outer.num_classes = num_classes
    return found


class Runner(SimpleNamespace):
    """What the hook looks at, with loaders of the classes given; it keeps the warnings."""

    def __init__(self, num_classes: int | None, train: Any = None, val: Any = None,
                 test: Any = None, trained: tuple[str, ...] | None = None,
                 head: str = 'head') -> None:
        loaders = {f'{part}_dataloader': SimpleNamespace(dataset=NamedClasses(classes))
                   for part, classes in (('train', train), ('val', val)) if classes != 'missing'}
        self.warnings: list[str] = []
        tested = dict(type='NamedClasses', classes=test)
        super().__init__(
            model=model(num_classes, head), trained_classes=trained, **loaders, val_loop=True,
            cfg=Config(dict(test_dataloader=dict(dataset=dict(
                type='RepeatDataset', times=2, dataset=tested)))),
            logger=SimpleNamespace(warning=self.warnings.append))
        if test != 'missing':
            self.test_dataloader = SimpleNamespace(dataset=NamedClasses(test))


ONE, TWO = ('car',), ('cat', 'dog')


@pytest.mark.parametrize('head', ['head', 'bbox_head', 'roi_head.bbox_head.0', 'rpn_head'])
def test_what_agrees_passes(head):
    runner, hook = Runner(2, TWO, TWO, list(TWO), head=head), NumClassesHook()
    hook.before_train(runner)
    hook.before_val(runner)
    hook.before_test(runner)
    assert bool(runner.warnings) == (head == 'rpn_head')  # its one class is 'any object'
    NumClassesHook().before_train(Runner(2, TWO, TWO, 'missing'))  # to train, no test is needed


@pytest.mark.parametrize('head', ['head', 'bbox_head', 'roi_head.bbox_head.0'])
@pytest.mark.parametrize('num_classes', [1, 3, 80])
def test_another_number_is_refused(num_classes, head):
    with pytest.raises(ValueError, match=f'model.{head}.num_classes is {num_classes}, but '
                                         r'train_dataloader has 2 classes \(cat, dog\)'):
        NumClassesHook().before_train(Runner(num_classes, TWO, TWO, TWO, head=head))


@pytest.mark.parametrize('part', ['val', 'test'])
@pytest.mark.parametrize('other', [('cat', 'dgo'), ('dog', 'cat')])
def test_the_loaders_are_compared_before_the_first_step(part, other):
    loaders = dict(train=TWO, val=TWO, test=TWO) | {part: other}
    with pytest.raises(ValueError, match=f'{part}_dataloader has the classes {", ".join(other)}, '
                                         'but .* trained on cat, dog'):
        NumClassesHook().before_train(Runner(2, **loaders))
    with pytest.raises(ValueError, match=f'num_classes is 1, but {part}_dataloader has 2 classes'):
        NumClassesHook().before_train(Runner(1, **dict(train=ONE, val=ONE, test=ONE) | {part: TWO}))


@pytest.mark.parametrize('moment, part', [
    ('before_train', 'train'), ('before_val', 'val'), ('before_test', 'test')])
def test_the_checkpoints_classes_are_the_data_s(moment, part):
    """On resume and in a test, the runner knows those of the checkpoint."""
    runner = Runner(1, ('cyclist',), ('cyclist',), ('cyclist',), trained=ONE, head='bbox_head')
    with pytest.raises(ValueError, match=f'{part}_dataloader has the classes cyclist, but the '
                                         'model was trained on car'):
        getattr(NumClassesHook(), moment)(runner)


def test_what_cannot_be_compared_is_said_once():
    hook, runner = NumClassesHook(), Runner(2)
    hook.before_train(runner)
    hook.before_val(runner)
    assert runner.warnings == ["NumClassesHook: NamedClasses's metainfo names no classes; "
                               'cannot check whether data and model agree']
    runner = Runner(None, TWO, TWO, TWO)
    NumClassesHook().before_train(runner)
    assert runner.warnings == ['NumClassesHook: no head of the model has num_classes; cannot '
                               'check whether data and model agree']
