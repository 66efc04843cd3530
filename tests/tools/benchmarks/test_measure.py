import time

import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from tools.benchmarks.measure import STAGES, RunnerBlock
from tools.benchmarks.record import Settings


def test_blocks_take_turns_and_another_begins_each_round(tmp_path, capsys):
    called = []

    def block(name):
        return lambda: called.append(name) or len(called)
    samples = Settings(tmp_path).time({name: block(name) for name in 'abc'}, 3)
    assert ''.join(called) == 'abc' + 'bca' + 'cab'
    assert samples == {'a': [1, 6, 8], 'b': [2, 4, 9], 'c': [3, 5, 7]}
    assert capsys.readouterr().err.splitlines()[3] == '  round 2, b: 4e+03 ms'


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


class Slow(DataLoader):
    """Takes 10 ms for a batch."""

    def __iter__(self):
        for batch in super().__iter__():
            time.sleep(.01)
            yield batch


def toy_block(tmp_path, images: int = 6, weight: float = 1.) -> RunnerBlock:
    runner = Runner(
        Toy(), str(tmp_path), Slow([dict(inputs=torch.ones(1))] * images, batch_size=1),
        train_cfg=dict(by_epoch=True, max_epochs=9), optim_wrapper=dict(optimizer=dict(
            type='SGD', lr=.5)), default_hooks=dict(checkpoint=dict(
                type='CheckpointHook', interval=1000, save_last=False)),
        log_level='ERROR', experiment_name=f'toy{tmp_path.name}')
    return RunnerBlock(runner, 2, 4, dict(weight=torch.tensor([weight])))


def test_an_epoch_is_a_block_and_the_next_one_goes_on(tmp_path):
    block = toy_block(tmp_path)
    assert .012 <= block() < .2 / 4  # the slow first iteration does not count
    # d loss / d weight = 1: the weight falls by lr in every step
    assert [float(loss) for loss in block.losses] == [1., .5, 0., -.5, -1., -1.5]
    assert block() >= .012 and block.runner.epoch == 2 and block.runner.iter == 12
    assert float(block.losses[0]) == -2.


def test_the_split_tells_loading_from_the_network(tmp_path):
    block = toy_block(tmp_path, weight=7.)
    block()
    assert float(block.losses[0]) == 7.  # the given weights
    split = block.split()
    assert list(split) == list(STAGES) and all(seconds > 0 for seconds in split.values())
    assert split['data'] >= .01 and split['forward'] >= .002
    assert sum(split[stage] for stage in ('augmentation', 'optimiser', 'engine')) < .01
    assert 'forward' not in vars(block.runner.model)
    assert 'run_iter' not in vars(block.runner.train_loop)
