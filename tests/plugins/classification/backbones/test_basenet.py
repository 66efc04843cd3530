import pytest
import torch
from torch.nn.functional import batch_norm, conv2d, max_pool2d

from plugins.classification.backbones import BaseNet
from plugins.classification.heads import MLPClsHead

BN1D = dict(type='BN1d', eps=1e-3, momentum=0.01)


def count(module: torch.nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


# Weights and biases by hand from report B's layer tables; BatchNorm learns 2 per channel.
CONVS_B7 = (5*5*3*6 + 6) + (3*3*6*24 + 24) + (5*5*24*16 + 16) + (3*3*16*64 + 64) + (64*16 + 16)
CONVS_B11 = ((5*5*3*32 + 32) + 2 * (3*3*32*32 + 32)
             + (5*5*32*64 + 64) + 2 * (3*3*64*64 + 64))


# What the classifiers add: dense layers, and 2 per unit of the hidden one with BatchNorm.
PLAIN_DENSE, WIDE_DENSE = (400*50 + 50) + (50*25 + 25), (4096*512 + 512) + (512*25 + 25)


@pytest.mark.parametrize('arch, norm, dense_norm, expected', [
    pytest.param('plain', False, False, 24197, id='B1'),  # as reported
    pytest.param('plain', True, False, 24197 + 2 * (6 + 16), id='B5'),
    pytest.param('deep', True, False, CONVS_B7 + 2 * 126 + PLAIN_DENSE, id='B6'),
    pytest.param('deep', True, True, CONVS_B7 + 2 * 126 + PLAIN_DENSE + 2*50, id='B7-B9'),
    pytest.param('wide', True, True, CONVS_B11 + 2 * 288 + WIDE_DENSE + 2*512, id='B10'),
    # the shortcuts add values, not weights
    pytest.param('residual', True, True, CONVS_B11 + 2 * 288 + WIDE_DENSE + 2*512, id='B11')])
def test_variants_have_their_layer_tables_shapes_and_parameters(arch, norm, dense_norm, expected):
    features, hidden = (4096, 512) if arch in ('wide', 'residual') else (400, 50)
    net = BaseNet(arch, norm=norm)
    head = MLPClsHead(25, features, [hidden], dropouts=[0., 0.],
                      norm_cfg=BN1D if dense_norm else None)
    assert net(torch.zeros(2, 3, 32, 32))[0].shape == (2, features)
    assert count(net) + count(head) == expected


def test_residual_stage_adds_before_the_last_norm_and_relu():
    torch.manual_seed(0)
    net = BaseNet('residual', norm=True)  # in training mode, as every new module
    x = torch.randn(4, 3, 16, 16)
    expected = x
    for first, second, third in net.stages:
        def conv(unit, x):
            return conv2d(x, unit.conv.weight, unit.conv.bias,
                          padding=unit.conv.kernel_size[0] // 2)

        def norm_relu(x):
            return batch_norm(x, None, None, training=True, eps=1e-3).relu()

        a = norm_relu(conv(first, expected))
        b = norm_relu(conv(second, a))
        expected = max_pool2d(norm_relu(conv(third, b) + a), 2)
    torch.testing.assert_close(net(x)[0], expected.flatten(1), rtol=1e-4, atol=1e-5)


def test_batch_norm_has_keras_constants():
    norms = [m for m in BaseNet('wide', norm=True).modules()
             if isinstance(m, torch.nn.BatchNorm2d)]
    assert {(m.eps, m.momentum) for m in norms} == {(1e-3, 0.01)} and len(norms) == 6


def test_unknown_arch_is_named():
    with pytest.raises(ValueError, match="arch='huge'.*plain.*residual"):
        BaseNet('huge')
