"""Inception v3 without its classifier."""
from typing import Any

from mmpretrain.models.backbones import InceptionV3
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class InceptionV3Features(InceptionV3):
    """mmpretrain's InceptionV3 up to its pool and dropout: 2048 features.

    Upstream's class ends in a linear layer and returns a pair, which necks and
    heads do not accept; its last layer can be neither replaced nor trained alone. There is no
    auxiliary classifier: no head uses it, and report C does not mention it.

    Args:
        kwargs: As for InceptionV3 (dropout=0.5, init_cfg), without ``aux_logits``.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(num_classes=1, aux_logits=False, **kwargs)
        self.fc = nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(N, 3, H, W), at least 75 px (299 px in the paper), to one tensor (N, 2048)."""
        return (super().forward(x)[1],)
