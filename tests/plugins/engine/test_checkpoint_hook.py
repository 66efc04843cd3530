import pytest
import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.registry import METRICS, MODELS
from mmengine.runner import Runner

from plugins.engine.runner import TransferRunner


@MODELS.register_module()
class _OneWeight(BaseModel):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, inputs, mode='tensor'):
        return dict(loss=self.weight.sum()) if mode == 'loss' else [1]


@METRICS.register_module()
class _Rising:
    """A metric that improves at every evaluation."""
    score = 0

    def __init__(self):
        self.dataset_meta = None

    def process(self, data_batch, data_samples):
        pass

    def evaluate(self, size):
        _Rising.score += 1
        return dict(score=_Rising.score)


def train(work_dir, runner_type=TransferRunner):
    loader = dict(batch_size=1, dataset=[dict(inputs=torch.ones(1))],
                  sampler=dict(type='DefaultSampler', shuffle=False))
    cfg = Config(dict(
        model=dict(type='_OneWeight'), work_dir=str(work_dir), train_dataloader=loader,
        val_dataloader=loader, val_cfg=dict(), val_evaluator=dict(type='_Rising'),
        train_cfg=dict(by_epoch=True, max_epochs=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        default_hooks=dict(checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1,
                                           save_best='score', rule='greater'))))
    runner = runner_type.from_cfg(cfg)
    runner.train()


def test_one_best_and_one_last_remain(tmp_path):
    train(tmp_path)
    assert {p.name for p in tmp_path.glob('*.pth*')} == {'best_score_epoch_4.pth', 'epoch_4.pth'}
    assert (tmp_path / 'last_checkpoint').read_text().endswith('epoch_4.pth')


@pytest.mark.parametrize('fatal', ['epoch_3.pth', 'best_score_epoch_3.pth'])
def test_a_run_killed_while_it_saves_keeps_the_earlier_checkpoint(tmp_path, monkeypatch, fatal):
    original = Runner.save_checkpoint

    def dies_half_way(self, out_dir, filename, *args, **kwargs):
        if filename.startswith(fatal):
            (tmp_path / filename).write_bytes(b'half')
            raise KeyboardInterrupt
        original(self, out_dir, filename, *args, **kwargs)

    monkeypatch.setattr(Runner, 'save_checkpoint', dies_half_way)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path)
    last = (tmp_path / 'last_checkpoint').read_text()
    assert torch.load(last, weights_only=False)['meta']['epoch'] >= 2
    torch.load(tmp_path / 'best_score_epoch_2.pth', weights_only=False)
    assert not (tmp_path / fatal).exists()
