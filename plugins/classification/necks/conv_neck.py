"""A convolution in place of the average pool."""
from typing import Any

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ConvNeck(BaseModule):
    """3 x 3 convolution, BatchNorm, ReLU on the last feature map, then flatten (row B14).

    mmpretrain's necks pool over positions; this one keeps them and reduces
    the channels: 2048 x 7 x 7 to 64 x 7 x 7 = 3136 values in B14. The
    convolution has no bias if a norm follows, which would cancel it.

    Args:
        norm_cfg: Norm layer, or None.
    """

    def __init__(self, in_channels: int, out_channels: int,
                 norm_cfg: dict[str, Any] | None = dict(type='BN'),  # noqa: B006 (only read)
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        self.conv = ConvModule(in_channels, out_channels, 3, padding=1, norm_cfg=norm_cfg)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Feature maps, the last (N, in_channels, H, W), to (N, out_channels * H * W)."""
        return (self.conv(feats[-1]).flatten(1),)
