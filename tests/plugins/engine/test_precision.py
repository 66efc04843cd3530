import pytest
import torch
from mmengine.config import Config

from plugins.engine import precision
from plugins.engine.precision import with_fused_kernel


@pytest.mark.parametrize('gpu, has_bf16, wrapper, chosen', [
    (False, True, 'Bf16OptimWrapper', 'bfloat16'), (False, False, 'OptimWrapper', 'float32'),
    (True, True, 'Bf16OptimWrapper', 'bfloat16'), (True, False, 'AmpOptimWrapper', 'float16')])
def test_a_device_gets_the_type_that_its_hardware_has(monkeypatch, gpu, has_bf16, wrapper, chosen):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    monkeypatch.setattr(torch.cuda, 'is_bf16_supported', lambda including_emulation: has_bf16)
    monkeypatch.setattr(precision, 'cpu_has_bf16', lambda: has_bf16)
    default = []  # of mmengine's test loop
    monkeypatch.setattr(torch, 'set_autocast_dtype', lambda *given: default.append(given))
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=0.1))))
    assert precision.enable_amp(cfg) == chosen
    assert cfg.optim_wrapper.type == wrapper
    assert cfg.get('channels_last') == (True if chosen != 'float32' else None)
    assert ('loss_scale' in cfg.optim_wrapper) == (chosen == 'float16')
    assert default == ([('cuda', torch.bfloat16)] if gpu and has_bf16 else [])


@pytest.mark.parametrize('gpu, groups, wanted, layout', [
    (False, 4, None, 'channels_last'), (False, 1, None, 'contiguous_format'),
    (False, 2, None, 'contiguous_format'), (True, 4, None, 'contiguous_format'),
    (False, 4, False, 'contiguous_format'), (False, 1, True, 'channels_last')])
def test_networks_with_depthwise_convolutions_are_laid_out_channels_last_on_a_cpu(
        monkeypatch, gpu, groups, wanted, layout):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3),
                                torch.nn.Conv2d(4, 4, 3, groups=groups))
    assert precision.memory_format(precision.laid_out(model, wanted)) == layout


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


SGD = dict(type='SGD', lr=0.01)


@pytest.mark.parametrize('gpu, kind, fused', [
    *((False, kind, True) for kind in ('Adam', 'AdamW', 'SGD', 'Adagrad')), (True, 'Adam', True),
    (True, 'Adagrad', False)])
def test_optimizers_that_have_a_fused_kernel_get_it(gpu, kind, fused, monkeypatch):
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: gpu)
    wrapper = dict(type='OptimWrapper', optimizer=dict(type=kind, lr=0.01))
    own = dict(type=kind, lr=0.01, fused=True) if fused else wrapper['optimizer']
    assert with_fused_kernel(wrapper) == dict(type='OptimWrapper', optimizer=own)
    assert 'fused' not in wrapper['optimizer']  # the config is not changed


@pytest.mark.parametrize('wrapper', [
    dict(optimizer=dict(type='ASGD', lr=0.01)), dict(optimizer=dict(type='Adamax', lr=0.01)),
    dict(optimizer=dict(SGD, momentum=0.9)), dict(optimizer=dict(SGD, fused=False)),
    dict(optimizer=dict(SGD, foreach=True)),
    dict(type='AmpOptimWrapper', optimizer=SGD), dict(generator=dict(optimizer=SGD))])
def test_others_stay_as_they_are(wrapper):
    assert with_fused_kernel(wrapper) == wrapper


def test_a_run_uses_it_and_learns_the_same(run_scripted, tmp_path):
    adam = dict(type='Adam', lr=0.01)
    fused = run_scripted(tmp_path / 'fused', None, epochs=5, optimizer=adam)
    plain = run_scripted(tmp_path / 'plain', None, epochs=5, optimizer=dict(adam, fused=False))
    assert fused.optim_wrapper.optimizer.defaults['fused'] is True
    torch.testing.assert_close(fused.model.weight, plain.model.weight, rtol=1e-6, atol=0)
