"""A convolution in place of the average pool."""
from typing import Any

from mmcv.cnn import ConvModule
from mmengine.model import BaseModule
from mmpretrain.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class ConvNeck(BaseModule):
    """Convolution, BatchNorm, ReLU on the last feature map, then flatten (row B14).

    mmpretrain's necks pool over positions; this one keeps them and reduces
    the channels: 2048 x 7 x 7 to 64 x 7 x 7 = 3136 values in B14. The
    convolution has no bias if a norm follows, which would cancel it.

    Args:
        kernel_size: Odd side of the kernel; padding keeps the map's size.
        norm_cfg, act_cfg: Norm layer and activation, or None.

    Raises:
        ValueError: The kernel's side is even.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int = 3,
                 norm_cfg: dict[str, Any] | None = dict(type='BN'),  # noqa: B006 (only read)
                 act_cfg: dict[str, Any] | None = dict(type='ReLU'),  # noqa: B006
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        if kernel_size % 2 == 0:
            raise ValueError(f'ConvNeck: kernel_size={kernel_size}, expected an odd number')
        self.conv = ConvModule(in_channels, out_channels, kernel_size, padding=kernel_size // 2,
                               norm_cfg=norm_cfg, act_cfg=act_cfg)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Feature maps, the last (N, in_channels, H, W), to (N, out_channels * H * W)."""
        return (self.conv(feats[-1]).flatten(1),)
