import pytest
import torch
from mmpretrain.models import DenseNet
from torch import nn

from plugins.classification.backbones import TruncatedDenseNet

BLOCKS = (6, 12, 24, 16)  # DenseNet121: layers of each block
GROWTH, BOTTLENECK = 32, 128


def by_hand(stages: int) -> tuple[int, int]:
    """Parameters and output channels, from the paper's layer table (arXiv 1608.06993, table 1)."""
    channels, total = 64, 7*7*3*64 + 2*64
    for layers in BLOCKS[:stages]:
        for _ in range(layers):
            total += 2*channels + channels*BOTTLENECK + 2*BOTTLENECK + 3*3*BOTTLENECK*GROWTH
            channels += GROWTH
        total += 2*channels + channels * (channels // 2)
        channels //= 2
    return total, channels


def count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize('stages, size, reported', [(3, 7, 5e6), (2, 14, 1.5e6), (1, 28, 380e3)])
def test_shapes_and_parameters_of_e4_to_e6(stages, size, reported):
    total, channels = by_hand(stages)
    with torch.device('meta'):
        net = TruncatedDenseNet(num_stages=stages)
        (found,) = net(torch.zeros(1, 3, 224, 224))
    assert found.shape == (1, channels, size, size)
    assert count(net) == total
    # with the 8-class layer, as the report counts; it rounds
    assert total + channels*8 + 8 == pytest.approx(reported, rel=0.06)


def test_computes_what_the_whole_network_has_at_that_place():
    """Its state dict names are DenseNet's, so that ImageNet weights fit."""
    torch.manual_seed(0)
    small = dict(growth_rate=4, depths=[2, 3, 2, 2], init_channels=8)
    whole = DenseNet(arch=small, out_indices=[0, 1, 2])
    whole.eval()
    x = torch.randn(2, 3, 64, 64)
    for stages, expected in zip((1, 2, 3), whole(x), strict=True):
        net = TruncatedDenseNet(num_stages=stages, arch=small)
        net.eval()
        found = net.load_state_dict(whole.state_dict(), strict=False)
        assert not found.missing_keys
        assert all(key.startswith(('stages', 'transitions')) for key in found.unexpected_keys)
        assert torch.equal(net(x)[0], expected)


def test_an_earlier_stage_can_be_handed_out_and_frozen():
    small = dict(growth_rate=4, depths=[2, 2, 2], init_channels=8)
    net = TruncatedDenseNet(2, arch=small, out_indices=(0, -1), frozen_stages=1)
    assert [tuple(x.shape[1:]) for x in net(torch.zeros(2, 3, 64, 64))] == [(8, 8, 8), (8, 4, 4)]
    assert not any(p.requires_grad for p in net.stages[0].parameters())
    assert all(p.requires_grad for p in net.stages[1].parameters())


@pytest.mark.parametrize('options, found', [
    (dict(num_stages=0), 'num_stages=0: expected 1 ... 3'),
    (dict(num_stages=4), 'num_stages=4: expected 1 ... 3'),
    (dict(num_stages=1, arch='122'), "arch='122': expected one of .*'121'")])
def test_unknown_networks_are_named(options, found):
    with pytest.raises(ValueError, match=found):
        TruncatedDenseNet(**options)
