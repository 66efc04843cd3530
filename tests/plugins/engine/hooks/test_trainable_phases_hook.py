from types import SimpleNamespace

import pytest
import torch
import torch.distributed as dist
from mmengine.hooks import Hook
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import HOOKS, MODELS

from plugins.engine.hooks import TrainablePhasesHook

PHASES = [dict(begin=0, trainable=['head']), dict(begin=2, trainable=None)]
HOOK = dict(type='TrainablePhasesHook', phases=PHASES)


@MODELS.register_module()
class TwoPartModel(torch.nn.Module):
    """backbone * head, drawn to 1; freezes as TransferClassifier does."""

    def __init__(self, frozen: bool = False) -> None:
        super().__init__()
        self.backbone = torch.nn.Linear(1, 1, bias=False)
        self.head = torch.nn.Linear(1, 1, bias=False)
        self.backbone.requires_grad_(not frozen)
        self.calls = []

    def set_trainable(self, patterns):
        self.calls.append(patterns)
        for name, part in self.named_children():
            part.requires_grad_(patterns is None or name in patterns)
            part.weight.grad = None

    def forward(self, inputs):
        return (self.head(self.backbone(inputs)) - 5.).square().sum()

    def train_step(self, data, optim_wrapper):
        loss = self(data['inputs'][0])
        optim_wrapper.update_params(loss)
        return dict(loss=loss.detach())


@HOOKS.register_module()
class FollowWeightsHook(Hook):
    """Notes both weights after every epoch."""

    def __init__(self):
        self.seen = []

    def after_train_epoch(self, runner):
        self.seen.append((runner.model.backbone.weight.item(), runner.model.head.weight.item()))


def train(run_scripted, work_dir, **kwargs):
    runner = run_scripted(work_dir, None, **{**dict(
        epochs=4, model=dict(type='TwoPartModel'), hooks=dict(phases=HOOK),
        custom_hooks=[dict(type='FollowWeightsHook')],
        optimizer=dict(type='SGD', lr=0.01, momentum=0.9, weight_decay=0.1)), **kwargs})
    return runner, next(h.seen for h in runner.hooks if isinstance(h, FollowWeightsHook))


def test_only_the_phases_parts_change(run_scripted, tmp_path):
    runner, seen = train(run_scripted, tmp_path)
    backbone, head = zip(*seen, strict=True)
    # Momentum and weight decay do not move what is frozen either.
    assert backbone[0] == backbone[1] != backbone[2] != backbone[3]
    assert len(set(head)) == 4
    assert runner.model.calls == [['head'], None]


@pytest.mark.parametrize('killed_in, call', [(1, ['head']), (3, None)])
def test_a_resumed_run_is_in_its_phase(run_scripted, tmp_path, killed_in, call):
    whole, _ = train(run_scripted, tmp_path / 'whole')
    train(run_scripted, tmp_path / 'cut', kill=('before_train_iter', killed_in))
    runner, _ = train(run_scripted, tmp_path / 'cut', resume=True)
    assert runner.model.calls[0] == call
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, runner.model.state_dict()[name])


@pytest.mark.parametrize('phases, message', [
    ([dict(begin=1, trainable=None)], r'begin at \[1\]; expected 0 first'),
    ([dict(begin=0, trainable=None)] * 2, r'begin at \[0, 0\]'),
    ([], 'expected 0 first'),
    ([dict(begin=0, trainabel=None)], 'keys begin, trainabel; expected begin and trainable')])
def test_wrong_phases(phases, message):
    with pytest.raises(ValueError, match=message):
        TrainablePhasesHook(phases)


@pytest.mark.parametrize('changes, message', [
    (dict(model=dict(type='OneWeightModel')), 'OneWeightModel has no set_trainable'),
    (dict(train_cfg=dict(by_epoch=False, max_iters=4)), 'train_cfg is a IterBasedTrainLoop'),
    (dict(model=dict(type='TwoPartModel', frozen=True)),
     'backbone.weight is frozen at the start.*Build the model with everything trainable')])
def test_what_cannot_work_is_refused(run_scripted, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        train(run_scripted, tmp_path, **changes)


@pytest.fixture
def process_group(tmp_path):
    dist.init_process_group('gloo', init_method=f'file://{tmp_path}/group', rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def distributed(run_scripted, tmp_path, **wrapper):
    """A runner around a wrapped model, as the hook sees it at the start of training."""
    runner = run_scripted(tmp_path, None, epochs=1, model=dict(type='TwoPartModel'))
    model = MMDistributedDataParallel(TwoPartModel(), device_ids=None, **wrapper)
    return SimpleNamespace(model=model, train_loop=runner.train_loop, epoch=0, logger=runner.logger,
                           optim_wrapper=torch.optim.SGD(model.parameters(), lr=0.1))


def test_what_distributed_training_would_not_synchronise_is_refused(
        run_scripted, tmp_path, process_group):
    hook = TrainablePhasesHook(PHASES)
    with pytest.raises(ValueError, match='Add find_unused_parameters = True'):
        hook.before_train(distributed(run_scripted, tmp_path))
    TrainablePhasesHook([dict(begin=0, trainable=None)]).before_train(
        distributed(run_scripted, tmp_path))  # freezes nothing


def test_distributed_training_goes_through_both_phases(run_scripted, tmp_path, process_group):
    runner = distributed(run_scripted, tmp_path, find_unused_parameters=True)
    hook = TrainablePhasesHook(PHASES)
    hook.before_train(runner)
    model = runner.model.module
    for runner.epoch in range(4):
        hook.before_train_epoch(runner)
        before = model.backbone.weight.item(), model.head.weight.item()
        for _ in range(2):
            runner.optim_wrapper.zero_grad()
            runner.model(torch.ones(1, 1)).backward()
            runner.optim_wrapper.step()
        assert (model.backbone.weight.item() != before[0]) == (runner.epoch >= 2)
        assert model.head.weight.item() != before[1]


@pytest.mark.parametrize('epochs', [2, 3])
def test_a_phase_after_the_end_of_the_run_is_warned_of(run_scripted, tmp_path, epochs):
    train(run_scripted, tmp_path, epochs=epochs)
    said = ''.join(path.read_text() for path in tmp_path.rglob('*.log'))
    assert ('after 2 epochs never begins, as train_cfg.max_epochs is 2' in said) == (epochs == 2)
