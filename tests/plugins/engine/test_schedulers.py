import pytest
import torch

from plugins.engine.schedulers import TimeDecayLR


def test_follows_keras_formula_at_every_iteration():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    scheduler = TimeDecayLR(optimizer, decay=0.5, by_epoch=False)
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    # By hand: 0.01 / (1 + 0.5 t).
    assert rates == pytest.approx([0.01, 0.01 / 1.5, 0.01 / 2, 0.01 / 2.5, 0.01 / 3])


def test_negative_decay_is_refused():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.01)
    with pytest.raises(ValueError, match='decay is -1'):
        TimeDecayLR(optimizer, decay=-1)
