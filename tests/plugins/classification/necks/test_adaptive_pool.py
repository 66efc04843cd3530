import torch
from mmpretrain.registry import MODELS


def test_averages_windows_and_flattens_channel_by_channel():
    neck = MODELS.build(dict(type='AdaptivePoolNeck', output_size=2))
    feature = torch.arange(32.).view(1, 2, 4, 4)
    (found,) = neck((None, feature))
    # the means of the four 2 x 2 windows, by hand: (0 + 1 + 4 + 5) / 4 = 2.5 ...
    first = torch.tensor([2.5, 4.5, 10.5, 12.5])
    assert torch.equal(found, torch.cat([first, first + 16]).view(1, 8))


def test_a_small_map_is_repeated_up_to_the_classifiers_size():
    """VGG16 on 64 px: 2 x 2 to 7 x 7, so that ImageNet's classifier fits (row A2)."""
    neck = MODELS.build(dict(type='AdaptivePoolNeck', output_size=7))
    feature = torch.randn(2, 512, 2, 2)
    (found,) = neck((feature,))
    assert found.shape == (2, 25088)
    corners = found.view(2, 512, 7, 7)[:, :, ::6, ::6]
    assert torch.equal(corners, feature)
