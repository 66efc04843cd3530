"""Dense layers with dropout before each of them."""
from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import build_norm_layer
from mmengine.model import ModuleList
from mmpretrain.models.heads import StackedLinearClsHead
from mmpretrain.models.heads.stacked_head import LinearBlock
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class MLPClsHead(StackedLinearClsHead):
    """Hidden dense layers, if any, then the classifier, each with its own dropout before it.

    mmpretrain's StackedLinearClsHead needs a hidden layer and has one dropout
    rate, applied after every hidden layer; the reports also apply dropout to the
    backbone's features, or only before the last layer. Layers: dropout, linear,
    norm, activation; the last: dropout, linear.

    Args:
        mid_channels: Widths of the hidden layers; may be empty.
        dropouts: Rates in [0, 1), one per linear layer, so one more than there
            are hidden layers.
        in_norm_cfg: Norm layer of the features, before the first dropout (row E12); None: none.
        kwargs: As for StackedLinearClsHead (norm_cfg, act_cfg, loss, ...).

    Raises:
        ValueError: The number of rates does not fit.
    """

    def __init__(self, num_classes: int, in_channels: int, mid_channels: Sequence[int],
                 dropouts: Sequence[float], in_norm_cfg: dict[str, Any] | None = None,
                 **kwargs: Any) -> None:
        if len(dropouts) != len(mid_channels) + 1:
            raise ValueError(f'MLPClsHead: {len(mid_channels)} hidden layers and the classifier '
                             f'need {len(mid_channels) + 1} dropouts, found {len(dropouts)}')
        super().__init__(num_classes, in_channels, mid_channels, dropout_rate=0., **kwargs)
        self.in_norm = build_norm_layer(in_norm_cfg, in_channels)[1] if in_norm_cfg \
            else nn.Identity()
        self.dropouts = nn.ModuleList(nn.Dropout(rate) for rate in dropouts)

    def _init_layers(self) -> None:
        """As upstream, but also without hidden layers."""
        widths = [self.in_channels, *self.mid_channels]
        self.layers = ModuleList(
            LinearBlock(inner, outer, norm_cfg=self.norm_cfg, act_cfg=self.act_cfg)
            for inner, outer in zip(widths[:-1], widths[1:], strict=True))
        self.layers.append(LinearBlock(widths[-1], self.num_classes))

    def pre_logits(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Last feature tensor (N, in_channels) to the classifier's input, dropped out."""
        x = self.in_norm(feats[-1])
        for dropout, layer in zip(self.dropouts[:-1], self.layers[:-1], strict=True):
            x = layer(dropout(x))
        return self.dropouts[-1](x)
