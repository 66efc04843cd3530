import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS


def test_row_b14_gives_3136_features():
    with torch.device('meta'):
        neck = MODELS.build(dict(type='ConvNeck', in_channels=2048, out_channels=64))
        (found,) = neck((torch.zeros(2, 2048, 7, 7),))
    assert found.shape == (2, 3136)
    # 3 x 3 kernels without a bias; scale and shift of BatchNorm
    assert sum(p.numel() for p in neck.parameters()) == 3 * 3 * 2048 * 64 + 2 * 64


def test_convolves_normalises_and_rectifies_the_last_map():
    torch.manual_seed(0)
    neck = MODELS.build(dict(type='ConvNeck', in_channels=3, out_channels=4))
    feature = torch.randn(4, 3, 6, 6)
    maps = F.conv2d(feature, neck.conv.conv.weight, padding=1)
    expected = F.batch_norm(maps, None, None, training=True).relu().flatten(1)
    torch.testing.assert_close(neck.train()((None, feature))[0], expected)


def test_without_norm_the_convolution_has_a_bias():
    neck = MODELS.build(dict(type='ConvNeck', in_channels=3, out_channels=4, norm_cfg=None))
    feature = torch.randn(2, 3, 6, 6)
    expected = F.conv2d(feature, neck.conv.conv.weight, neck.conv.conv.bias, padding=1)
    torch.testing.assert_close(neck((feature,))[0], expected.relu().flatten(1))
