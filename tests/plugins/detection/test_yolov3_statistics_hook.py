import json
import re
from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from plugins.detection.yolov3_statistics import ROWS
from plugins.detection.yolov3_statistics_hook import YOLOStatisticsHook
from plugins.engine.runner import TransferRunner
from tests.plugins.detection.test_yolov3_statistics import BOXES, EXPECTED, predictions
from tests.plugins.detection.yolov3_cases import EACH_SCALE, REPORT_LOSSES, build_head, instances

ITERATIONS = 3
CONSOLE_HOOKS = ('ProgressHook', 'YOLOStatisticsHook')


@MODELS.register_module()
class HandMadeYOLO(BaseModel):
    """The hand-made batch of test_yolov3_statistics.py at every step, plus a shift that learns."""

    truth = BOXES

    def __init__(self, kind: str = 'KittiYOLOV3Head') -> None:
        super().__init__()
        self.bbox_head = build_head(kind, EACH_SCALE, classes=2, sizes=[[(32, 32)], [(16, 16)]],
                                    strides=(32, 16),
                                    **(REPORT_LOSSES if kind.startswith('Kitti') else {}))
        self.shift = torch.nn.Parameter(torch.zeros(()))
        self.requests = []

    def forward(self, inputs, mode='tensor'):
        self.requests.append(self.bbox_head.statistics_wanted)
        maps = [pred + self.shift for pred in predictions()]
        return self.bbox_head.loss_by_feat(maps, self.truth, [{}] * 2)


@pytest.fixture
def train(tmp_path):
    def call(interval: int, kind: str = 'KittiYOLOV3Head', epochs: int = 1,
             hooks: dict | None = None) -> Runner:
        runner = TransferRunner(
            model=dict(type='HandMadeYOLO', kind=kind), work_dir=str(tmp_path),
            train_dataloader=DataLoader([{'inputs': i} for i in range(ITERATIONS)]),
            train_cfg=dict(by_epoch=True, max_epochs=epochs),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.)),
            default_hooks=dict(checkpoint=None, statistics=dict(
                type='YOLOStatisticsHook', interval=interval), **hooks or {}),
            visualizer=dict(type='Visualizer', vis_backends=[dict(type='LocalVisBackend')]),
            default_scope='mmdet', experiment_name=f'hook{interval}{kind}{tmp_path.name}')
        runner.train()
        return runner
    return call


def scalars(tmp_path: Path) -> list[dict]:
    text = next(tmp_path.glob('*/vis_data/scalars.json')).read_text()
    return [row for row in map(json.loads, text.splitlines()) if 'yolo/total_loss' in row]


def test_the_table_is_printed_every_n_iterations(train, tmp_path, capsys):
    runner = train(interval=2, epochs=2, hooks=dict(progress=dict(type='ProgressHook')))
    printed = capsys.readouterr().out
    assert re.findall(r'\[Epoch.*', printed) == [
        '[Epoch 1/2, Batch 2/3]', '[Epoch 2/2, Batch 1/3]', '[Epoch 2/2, Batch 3/3]']
    assert runner.model.requests == [False, True] * 3, 'no other iteration pays for them'
    consoles = {hook._console if isinstance(hook, YOLOStatisticsHook) else hook.console
                for hook in runner.hooks if type(hook).__name__ in CONSOLE_HOOKS}
    assert len(consoles) == 1, 'or the table would break the progress bar'
    table = printed[printed.index('[Epoch 1/2'):].splitlines()[1:17]
    assert [line.split()[0] for line in table] == ['metrics', 'grid_size', *ROWS, 'total']
    assert table[1].split() == ['grid_size', '2', '4']
    assert table[10].split() == ['recall50', '0.666667', '0.333333']
    log = next(tmp_path.glob('*/*.log')).read_text()
    assert log.count('YOLO layer 1') == 3 and table[15] in log


def test_the_same_numbers_are_scalars(train, tmp_path):
    train(interval=3)
    row, = scalars(tmp_path)
    assert row['step'] == 3
    for name, values in EXPECTED.items():
        assert [row[f'yolo_layer{number}/{name}'] for number in (1, 2)] == pytest.approx(
            values, abs=2e-6, rel=2e-6)
    assert row['yolo/total_loss'] == pytest.approx(
        row['yolo_layer1/loss'] + row['yolo_layer2/loss'])


def test_an_undefined_figure_is_no_scalar(train, tmp_path, monkeypatch):
    monkeypatch.setattr(HandMadeYOLO, 'truth', [instances([])] * 2)
    train(interval=3)
    row, = scalars(tmp_path)
    assert 'yolo_layer1/recall50' not in row and row['yolo_layer1/x'] == 0


def test_upstreams_head_is_refused(train):
    with pytest.raises(ValueError, match="expected model.bbox_head.type='KittiYOLOV3Head'"):
        train(interval=1, kind='YOLOV3Head')
