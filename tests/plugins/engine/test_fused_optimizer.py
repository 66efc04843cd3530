import pytest
import torch

from plugins.engine.fused_optimizer import with_fused_kernel

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
