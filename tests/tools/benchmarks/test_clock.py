import time

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from tools.benchmarks.clock import ClockHook, RunnerBlocks, load_network, network_weights
from tools.benchmarks.record import STAGES


class Toy(BaseModel):
    """One weight; its steps take at least 2 ms, its first 200 ms."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.calls = 0

    def forward(self, inputs: torch.Tensor, mode: str) -> dict[str, torch.Tensor]:
        time.sleep(.2 if self.calls == 0 else .002)
        self.calls += 1
        return dict(loss=(self.weight * inputs).sum())


def blocks(tmp_path, images: int = 6, **kwargs) -> RunnerBlocks:
    runner = Runner(
        Toy(), str(tmp_path), DataLoader([dict(inputs=torch.ones(1))] * images, batch_size=1),
        train_cfg=dict(by_epoch=True, max_epochs=1), optim_wrapper=dict(optimizer=dict(
            type='SGD', lr=.5)), default_hooks=dict(checkpoint=dict(
                type='CheckpointHook', interval=1000, save_last=False)),
        log_level='ERROR', experiment_name=f'toy{tmp_path.name}')
    return RunnerBlocks(runner, 2, 4, **kwargs)


def test_an_epoch_is_a_block_and_the_next_one_goes_on(tmp_path):
    both = blocks(tmp_path)
    first = both()
    assert .002 <= first < .1  # the slow first iteration does not count
    # d loss / d weight = 1: the weight falls by lr in every step
    assert [float(loss) for loss in both.clock.losses] == [1., .5, 0., -.5, -1., -1.5]
    assert both() >= .002 and both.runner.epoch == 2 and both.runner.iter == 12
    assert float(both.clock.losses[0]) == -2.


def test_the_split_adds_up_and_leaves_the_runner_as_it_was(tmp_path):
    toy = blocks(tmp_path)
    toy()
    split = toy.split()
    assert list(split) == list(STAGES) and all(seconds > 0 for seconds in split.values())
    assert split['forward'] >= .002 and sum(split.values()) == pytest.approx(toy.clock.seconds)
    assert 'forward' not in vars(toy.runner.model) and toy.clock.stages is None
    assert isinstance(toy.runner.train_loop.dataloader, DataLoader)
    assert 'step' not in vars(toy.runner.optim_wrapper)


def test_an_epoch_too_short_for_the_clock_is_refused(tmp_path):
    with pytest.raises(ValueError, match='5 iterations, expected 6'):
        blocks(tmp_path, images=5)()


def test_training_starts_from_the_given_weights(tmp_path):
    start = Toy()
    start.weight.data.fill_(7.)
    both = blocks(tmp_path, weights=network_weights(start))
    both()
    assert float(both.clock.losses[0]) == 7.


def test_another_network_is_refused():
    with pytest.raises(ValueError, match="Toy: not the network .* unexpected \\['other'\\]"):
        load_network(Toy(), dict(weight=torch.ones(1), other=torch.ones(1)))


def test_a_clock_without_warm_up_is_refused():
    with pytest.raises(ValueError, match='warmup=0'):
        ClockHook(0, 1)
