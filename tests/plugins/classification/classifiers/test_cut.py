"""The rest of a network, from the output of one of its modules."""
import pytest
import torch
from torch import Tensor, nn

from plugins.classification.classifiers.cut import Cut, traced


class Net(nn.Module):
    """One activation for all layers, values that are added outside of modules, a pair."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))
        self.relu = nn.ReLU(inplace=True)
        self.pair = Pair()
        self.unused = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.convs[0](x)) + 1
        x = self.relu(self.convs[1](x).clone()) * 2
        x, name = self.pair(x)
        x = self.relu(self.convs[2](x)) + x
        return self.relu(self.convs[3](x)).mean((2, 3)) + len(name)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, str]:
        return x - 1, 'pair'


@pytest.fixture
def net() -> Net:
    torch.manual_seed(0)
    return Net()


IMAGES = torch.rand(2, 3, 6, 5, generator=torch.Generator().manual_seed(0))


def cut_behind(net: Net, name: str) -> Cut:
    with traced(net) as calls:
        net(IMAGES)
    return Cut(next(call for call in calls if call.name == name), calls, IMAGES)


def test_a_trace_has_all_calls_as_they_end(net):
    with traced(net) as calls:
        net(IMAGES)
    assert [call.name for call in calls] == [
        'convs.0', 'relu', 'convs.1', 'relu', 'pair', 'convs.2', 'relu', 'convs.3', 'relu']
    assert [call.start for call in calls] == [*range(0, 18, 2)]
    assert [call.end for call in calls] == [*range(1, 19, 2)]
    assert calls[4].output[0].is_meta and calls[4].output[1] == 'pair'
    assert tuple(calls[4].output[0].shape) == (2, 3, 6, 5)
    nested = nn.Sequential(nn.Sequential(net.relu))
    with traced(nested) as calls:
        nested(IMAGES)
    inner, outer = calls
    assert (inner.name, outer.name) == ('0.0', '0')
    assert outer.start < inner.start < inner.end < outer.end


@pytest.mark.parametrize('name', ['convs.0', 'convs.1', 'pair'])
@pytest.mark.parametrize('number', [1, 2, 5])
def test_the_rest_goes_on_from_the_output_alone(net, name, number):
    cut = cut_behind(net, name)
    assert (cut.name, tuple(cut.shape)) == (name, (3, 6, 5))
    images = torch.rand(number, 3, 6, 5)
    called = []
    for conv in net.convs:
        conv.register_forward_hook(lambda conv, inputs, output: called.append(
            bool(output.isfinite().all())))
    features = cut.features(net, images)
    stop = 2 if name == 'pair' else int(name[-1]) + 1
    assert len(called) == stop, 'nothing behind it is computed'
    with cut.resumed(net, features.clone()) as blank:
        assert blank.shape == images.shape and blank.isnan().all()
        found = net(blank)
    assert called[stop:] == [False] * (stop - (name != 'pair')) + [True] * (4 - stop + (
        name != 'pair')), 'what comes before returns NaN'
    torch.testing.assert_close(found, net(images))


def test_a_shortcut_around_the_cut_makes_the_rest_nan(net):
    cut = cut_behind(net, 'convs.2')
    with cut.resumed(net, cut.features(net, IMAGES).clone()) as blank:
        assert net(blank).isnan().all()


def test_the_rest_is_trained_and_the_network_stays_itself(net):
    own = net.convs[0].forward
    net.convs[0].forward = lambda x: own(x)  # as mmengine's activation checkpointing does
    before, forward = dict(vars(net.convs[1])), net.convs[0].forward
    expected = net(IMAGES)
    expected.sum().backward()
    gradients = [conv.weight.grad.clone() for conv in net.convs]
    net.zero_grad(set_to_none=True)
    cut = cut_behind(net, 'pair')
    features = cut.features(net, IMAGES).detach()
    with cut.resumed(net, features) as blank:
        net(blank).sum().backward()
    assert [conv.weight.grad is None for conv in net.convs] == [True, True, False, False]
    for conv, gradient in zip(net.convs[2:], gradients[2:], strict=True):
        torch.testing.assert_close(conv.weight.grad, gradient)
    with pytest.raises(RuntimeError, match='interrupted'), cut.resumed(net, features):
        raise RuntimeError('interrupted')
    assert vars(net.convs[1]) == before and net.convs[0].forward is forward
    assert 'forward' not in vars(net.pair) and 'forward' not in vars(net.relu)
    assert net(IMAGES).equal(expected)


def test_integers_and_nested_outputs_stand_in_as_they_are(net):
    class Sizes(nn.Module):
        def forward(self, x: Tensor) -> dict:
            return dict(x=[x, x.new_full((len(x), 2), 3, dtype=torch.long)], scale=0.5)

    class Counted(Net):
        def __init__(self) -> None:
            super().__init__()
            self.sizes = Sizes()

        def forward(self, x: Tensor) -> Tensor:
            found = self.sizes(x)
            return self.convs[1](self.convs[0](found['x'][0] * found['scale'])
                                 + found['x'][1].sum() * 0)
    counted = Counted()
    cut = cut_behind(counted, 'convs.0')
    features = cut.features(counted, IMAGES)
    with cut.resumed(counted, features) as blank:
        torch.testing.assert_close(counted(blank), counted.convs[1](features))
