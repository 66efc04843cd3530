"""Inception v3 without its classifier."""
from typing import Any

from mmpretrain.models.backbones import InceptionV3
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class InceptionV3Features(InceptionV3):
    """mmpretrain's InceptionV3 up to its pool and dropout: 2048 features.

    Upstream's ends in its own linear layer and returns a pair, which no neck
    or head understands but the one that does nothing; the last layer can then
    be neither replaced, nor trained alone.

    Args:
        aux_logits: Must be False. mmpretrain computes the auxiliary classifier
            and no head learns from it. Report C does not mention it.
        kwargs: As for InceptionV3 (dropout=0.5, init_cfg).

    Raises:
        ValueError: ``aux_logits`` is set.
    """

    def __init__(self, aux_logits: bool = False, **kwargs: Any) -> None:
        if aux_logits:
            raise ValueError('InceptionV3Features: aux_logits=True, expected False: no head here '
                             'learns from the auxiliary classifier')
        super().__init__(num_classes=1, **kwargs)
        self.fc = nn.Identity()

    def forward(self, x: Tensor) -> tuple[Tensor]:
        """(N, 3, H, W), of 299 px in the paper and at least 75, to one tensor (N, 2048)."""
        return (super().forward(x)[1],)
