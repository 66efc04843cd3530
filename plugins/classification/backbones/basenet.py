"""The BaseNet of report B (rows B1 to B11)."""
from typing import NamedTuple

import torch
from mmpretrain.models.backbones.base_backbone import BaseBackbone
from mmpretrain.registry import MODELS
from torch import nn


class Conv(NamedTuple):
    """One convolution of a stage, at stride 1.

    Attributes:
        kernel_size: Side of the square kernel.
        channels: Output channels.
        same: Pad so that the image keeps its size (Keras ``padding='same'``); else no padding.
        shortcut: Add the input of the convolution before this one to its output. BatchNorm and
            ReLU follow the sum, not precede it.
    """

    kernel_size: int
    channels: int
    same: bool = False
    shortcut: bool = False


class ConvUnit(nn.Module):
    """Convolution, optional shortcut, optional BatchNorm, ReLU.

    Args:
        in_channels: Input channels.
        spec: The convolution.
        norm: Whether there is BatchNorm between the convolution and ReLU.
    """

    def __init__(self, in_channels: int, spec: Conv, norm: bool) -> None:
        super().__init__()
        padding = spec.kernel_size // 2 if spec.same else 0
        # Keras keeps the bias before BatchNorm; the reports' parameter counts include it.
        self.conv = nn.Conv2d(in_channels, spec.channels, spec.kernel_size, padding=padding)
        # Keras's constants; its momentum 0.99 is PyTorch's 0.01.
        self.norm = nn.BatchNorm2d(spec.channels, eps=1e-3, momentum=0.01) if norm \
            else nn.Identity()
        self.shortcut = spec.shortcut

    def forward(self, x: torch.Tensor, shortcut: torch.Tensor | None = None) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        x = self.conv(x)
        if shortcut is not None:
            x = x + shortcut
        return torch.relu(self.norm(x))


@MODELS.register_module()
class BaseNet(BaseBackbone):
    """The small network of report B, and its larger variants.

    mmpretrain's LeNet5 is fixed and only for grey digits. Max pooling by 2
    follows every stage.

    ========  ==========================================  ======================
    arch      stages                                      rows
    ========  ==========================================  ======================
    plain     conv5-6; conv5-16                           B1-B4, B5 with ``norm``
    deep      conv5-6, conv3-24; conv5-16, conv3-64;      B6-B9, with ``norm``
              then conv1-16
    wide      conv5-32, conv3-32, conv3-32; the same 64   B10, with ``norm``
    residual  wide, the conv3 pair a residual unit        B11, with ``norm``
    ========  ==========================================  ======================

    Args:
        arch: One of the above.
        norm: BatchNorm (Keras's constants) after every convolution, before ReLU.

    Raises:
        ValueError: ``arch`` is unknown.
    """

    arch_settings = dict(
        plain=([Conv(5, 6)], [Conv(5, 16)]),
        deep=([Conv(5, 6), Conv(3, 24, same=True)], [Conv(5, 16), Conv(3, 64, same=True)]),
        wide=([Conv(5, 32, True), Conv(3, 32, True), Conv(3, 32, True)],
              [Conv(5, 64, True), Conv(3, 64, True), Conv(3, 64, True)]),
        residual=([Conv(5, 32, True), Conv(3, 32, True), Conv(3, 32, True, shortcut=True)],
                  [Conv(5, 64, True), Conv(3, 64, True), Conv(3, 64, True, shortcut=True)]))
    # The deep net ends with as many channels as the plain one.
    final_conv = dict(deep=Conv(1, 16))

    def __init__(self, arch: str = 'plain', norm: bool = False,
                 init_cfg: dict | list | None = None) -> None:
        super().__init__(init_cfg)
        if arch not in self.arch_settings:
            raise ValueError(f'BaseNet arch={arch!r}: expected one of {list(self.arch_settings)}')
        self.stages, in_channels = nn.ModuleList(), 3
        for specs in self.arch_settings[arch]:
            stage = nn.ModuleList()
            for spec in specs:
                stage.append(ConvUnit(in_channels, spec, norm))
                in_channels = spec.channels
            self.stages.append(stage)
        self.pool = nn.MaxPool2d(2)
        last = self.final_conv.get(arch)
        self.final = ConvUnit(in_channels, last, norm) if last else nn.Identity()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor]:
        """Compute the features, already flattened.

        Args:
            x: (N, 3, H, W) images.

        Returns:
            One tensor (N, C * H' * W'); for 32 px: 400 (plain, deep), 4096 (wide, residual).
        """
        for stage in self.stages:
            before = x
            for unit in stage:
                before, x = x, unit(x, before if unit.shortcut else None)
            x = self.pool(x)
        return (self.final(x).flatten(1),)
