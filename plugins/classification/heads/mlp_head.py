"""Dense layers with dropout before each of them."""
from collections.abc import Sequence
from typing import Any

import torch
from mmpretrain.models.heads import StackedLinearClsHead
from mmpretrain.registry import MODELS
from torch import nn


@MODELS.register_module()
class MLPClsHead(StackedLinearClsHead):
    """Hidden dense layers, then the classifier, each behind a dropout of its own.

    mmpretrain's StackedLinearClsHead has one dropout rate, applied after every
    hidden layer; the reports also drop the backbone's features, or drop
    before the last layer alone. Layers: dropout, linear, norm, activation;
    the last: dropout, linear.

    Args:
        num_classes: Number of classes.
        in_channels: Length of the feature vector.
        mid_channels: Widths of the hidden layers, at least one.
        dropouts: Rates in [0, 1), one before every linear layer, so one more
            than there are hidden layers.
        kwargs: As for StackedLinearClsHead (norm_cfg, act_cfg, loss, ...).

    Raises:
        ValueError: The number of rates does not fit.
    """

    def __init__(self, num_classes: int, in_channels: int, mid_channels: Sequence[int],
                 dropouts: Sequence[float], **kwargs: Any) -> None:
        if len(dropouts) != len(mid_channels) + 1:
            raise ValueError(f'MLPClsHead: {len(mid_channels)} hidden layers and the classifier '
                             f'need {len(mid_channels) + 1} dropouts, found {len(dropouts)}')
        super().__init__(num_classes, in_channels, mid_channels, dropout_rate=0., **kwargs)
        self.dropouts = nn.ModuleList(nn.Dropout(rate) for rate in dropouts)

    def pre_logits(self, feats: tuple[torch.Tensor, ...]) -> torch.Tensor:
        """Last feature tensor (N, in_channels) to (N, mid_channels[-1]), dropped out."""
        x = feats[-1]
        for dropout, layer in zip(self.dropouts[:-1], self.layers[:-1], strict=True):
            x = layer(dropout(x))
        return self.dropouts[-1](x)
