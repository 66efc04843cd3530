import pytest
import torch
from mmengine.config import Config

from plugins.engine import precision


def config() -> Config:
    return Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))))


@pytest.mark.parametrize('has_bf16, wrapper, chosen', [
    (True, 'Bf16OptimWrapper', 'bfloat16'), (False, 'OptimWrapper', 'float32')])
def test_a_cpu_gets_bfloat16_only_in_hardware(monkeypatch, has_bf16, wrapper, chosen):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: False)
    monkeypatch.setattr(precision, 'cpu_has_bf16', lambda: has_bf16)
    cfg = config()
    assert precision.enable_amp(cfg) == chosen
    assert cfg.optim_wrapper.type == wrapper
    assert cfg.channels_last


@pytest.mark.parametrize('supported, wrapper, chosen', [
    (True, 'Bf16OptimWrapper', 'bfloat16'), (False, 'AmpOptimWrapper', 'float16')])
def test_a_gpu_without_bfloat16_gets_float16_with_loss_scaling(monkeypatch, supported, wrapper,
                                                               chosen):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda including_emulation: supported)
    cfg = config()
    assert precision.enable_amp(cfg) == chosen
    assert cfg.optim_wrapper.type == wrapper
    assert ('loss_scale' in cfg.optim_wrapper) == (not supported)


def test_bf16_wrapper_computes_in_bfloat16_and_learns():
    torch.manual_seed(0)
    model = torch.nn.Linear(8, 1)
    wrapper = precision.Bf16OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    x = torch.randn(64, 8)
    target = x.sum(dim=1, keepdim=True)
    losses = []
    for _ in range(60):
        with wrapper.optim_context(model):
            output = model(x)
        assert output.dtype is torch.bfloat16
        loss = (output.float() - target).square().mean()
        wrapper.update_params(loss)
        losses.append(loss.item())
    assert model.weight.dtype is torch.float32
    assert losses[-1] < 0.05 * losses[0]
