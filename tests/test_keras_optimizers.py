"""configs/_base_/optimizers/keras.py steps as Keras does, or as far from it as its docstring says.

STEPS are the weights that Keras 3.15.1 computed, after each of four steps (``python`` with it):

    import keras
    for name in ('SGD', 'Adam', 'AdamW', 'Nadam', 'Adamax', 'RMSprop', 'Adagrad', 'Adadelta'):
        optimizer, weight = getattr(keras.optimizers, name)(), keras.Variable([0.] * 3)
        for scale in (1, -2, .5, 1):
            optimizer.apply([keras.ops.array([.1, 1e-3, 1e-5]) * scale], [weight])
            print(name, [f'{value:.6g}' for value in weight.numpy().tolist()])
"""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import OPTIMIZERS

from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from plugins.search.definition import read_search

KERAS = Config.fromfile(REPO_ROOT / 'configs/_base_/optimizers/keras.py').keras
GRADIENTS = torch.tensor([.1, 1e-3, 1e-5])
STEPS = dict(
    SGD=[[-.001, -1e-5, -1e-7], [.001, 1e-5, 1e-7], [.0005, 5e-6, 5e-8], [-.0005, -5e-6, -5e-8]],
    NAdam=[[-.00106278, -.00106267, -.00105226], [-.000181124, -.000181073, -.000176142],
           [-.00037325, -.000373186, -.000366827], [-.000807885, -.000807786, -.000798012]],
    Adamax=[[-.000999999, -.0009999, -.000990099], [-.000710526, -.000710441, -.000702065],
            [-.000620029, -.000619949, -.00061202], [-.000701466, -.000701381, -.00069305]],
    Adagrad=[[-.000301511, -3.16226e-6, -3.16228e-8], [.000214886, 3.16213e-6, 3.16228e-8],
             [8.68496e-5, 1.58104e-6, 1.58114e-8], [-.00016122, -1.58114e-6, -1.58114e-8]],
    Adadelta=[[-1.41407e-6, -8.16497e-7, -9.99975e-9], [3.83668e-7, 4.22363e-7, 9.99828e-9],
              [-2.16315e-7, 3.52219e-8, 4.99828e-9], [-1.34244e-6, -7.03935e-7, -5.00154e-9]],
    Adam=[[-.000999962, -.000996841, -.000759742]], AdamW=[[-.000999962, -.000996841, -.000759742]],
    RMSprop=[[-.00316212, -.00223607, -3.16212e-5]])


def steps(optimizer, gradients, rates=()):
    """The weights after each step."""
    weight, found = torch.nn.Parameter(torch.zeros_like(gradients[0])), []
    built = OPTIMIZERS.build(dict(optimizer, params=[weight]))
    for number, gradient in enumerate(gradients):
        if rates:
            built.param_groups[0]['lr'] = rates[number]
        weight.grad = gradient
        built.step()
        found.append(weight.tolist())
    return found


@pytest.mark.parametrize('name', ['SGD', 'NAdam', 'Adamax', 'Adagrad', 'Adadelta'])
def test_steps_of_keras(name):
    found = steps(KERAS[name], [GRADIENTS * scale for scale in (1, -2, .5, 1)])
    for ours, wanted in zip(found, STEPS[name], strict=True):
        assert ours == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize(('name', 'share'), [
    ('Adam', [1, .997, .767]), ('AdamW', [1, .997, .767]), ('RMSprop', [1, .707, .01032])])
def test_how_much_shorter_kerass_first_step_is(name, share):
    ours = steps(KERAS[name], [GRADIENTS])[0]
    assert [theirs / own for theirs, own in zip(STEPS[name][0], ours, strict=True)] \
        == pytest.approx(share, rel=1e-3)


def test_how_much_shorter_kerass_thousandth_step_of_adam_is():
    found = steps(KERAS.Adam, [GRADIENTS] * 1000)
    ours = [before - after for before, after in zip(found[-2][1:], found[-1][1:], strict=True)]
    # keras.optimizers.Adam() and the same 1000 gradients, as above
    assert [theirs / own for theirs, own in zip([.000999868, .000987589], ours, strict=True)] \
        == pytest.approx([1 - 3e-5, 1 - .0025], abs=2e-4)


def test_keras_cuts_the_rate_behind_its_momentum():
    """keras.optimizers.SGD(1., momentum=.9), rate 0.1 from the third step, gradient 1."""
    sgd = dict(KERAS.SGD, momentum=.9)
    ours = [row[0] for row in steps(sgd, [torch.ones(1)] * 3, rates=(1., 1., .1))]
    keras = [-1., -2.9, -4.71]
    assert ours[:2] == pytest.approx(keras[:2])
    assert ours[2] - ours[1] == pytest.approx(-.271) and keras[2] - keras[1] == pytest.approx(-1.81)


def test_keras_rows_and_searches_use_them():
    """Every optimizer with Keras's epsilon in a leaf, and every one that a search of them tries."""
    leaves = [load_config(str(path)).optim_wrapper.optimizer
              for folder in ('basenet', 'densenet', 'resnet')
              for path in (REPO_ROOT / 'configs' / folder).glob('*.py')]
    tried = [setting['optim_wrapper.optimizer'] for path in (REPO_ROOT / 'configs/search').glob(
        '*_optimizer_*.py') for setting in read_search(path).space.parameters[0].choices.values()
        if setting]
    keras = [one for one in leaves if one.get('eps') == 1e-7]
    assert len(keras) > 40 and len(tried) == 6 + 7 + 6
    for optimizer in keras + tried:
        wanted = {**KERAS[optimizer['type']], 'lr': optimizer['lr']}
        assert wanted.items() <= dict(optimizer).items()
