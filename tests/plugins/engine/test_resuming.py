"""Optimizers by name, in one run and in a run that was killed and resumed."""
import pytest
import torch

OPTIMIZERS = [
    dict(type='ASGD', lr=0.01, t0=2),  # averages from the third step on
    dict(type='Adamax', lr=0.01, weight_decay=0.3), dict(type='NAdam', lr=0.01, weight_decay=0.01),
    dict(type='Adagrad', lr=0.01, weight_decay=0.001), dict(type='Adadelta', lr=1.),
    dict(type='Adam', lr=0.01), dict(type='SGD', lr=0.01, momentum=0.8)]


@pytest.mark.parametrize('optimizer', OPTIMIZERS, ids=lambda cfg: cfg['type'])
def test_an_optimizer_steps_as_pytorchs_and_resumes_with_its_state(
        run_scripted, tmp_path, optimizer):
    whole = run_scripted(tmp_path / 'whole', None, epochs=3, optimizer=optimizer)
    run_scripted(tmp_path / 'cut', None, epochs=3, optimizer=optimizer,
                 kill=('before_train_iter', 2))
    resumed = run_scripted(tmp_path / 'cut', None, epochs=3, optimizer=optimizer, resume=True)

    weight = torch.nn.Parameter(torch.zeros(1))
    arguments = dict(optimizer)
    by_hand = getattr(torch.optim, arguments.pop('type'))([weight], **arguments)
    for _ in range(3):
        for inputs in (1., 2.):
            by_hand.zero_grad()
            (weight - inputs).square().sum().backward()
            by_hand.step()
    assert weight.item() != 0
    assert whole.model.weight.item() == resumed.model.weight.item()
    # a fused kernel rounds otherwise
    assert whole.model.weight.item() == pytest.approx(weight.item(), rel=1e-6)
    states = [runner.optim_wrapper.state_dict()['state'][0] for runner in (whole, resumed)]
    assert states[0].keys() == states[1].keys()
    for key, value in states[0].items():
        assert value == states[1][key], key
