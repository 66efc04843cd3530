"""Negative log-likelihood of log-probabilities."""
import torch.nn.functional as F
from mmpretrain.models.losses.utils import weight_reduce_loss
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class NLLLoss(nn.Module):
    """PyTorch's NLLLoss with mmpretrain's call signature.

    For report A, whose networks end in LogSoftmax; mmpretrain's losses all apply a softmax.

    Args:
        reduction: 'none', 'mean' or 'sum'.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: The reduction is none of these.
    """

    def __init__(self, reduction: str = 'mean', loss_weight: float = 1.) -> None:
        super().__init__()
        self.reduction = _checked(reduction)
        self.loss_weight = loss_weight

    def forward(self, cls_score: Tensor, label: Tensor, weight: Tensor | None = None,
                avg_factor: float | None = None,
                reduction_override: str | None = None) -> Tensor:
        """Compute the loss.

        Args:
            cls_score: (N, C) log-probabilities.
            label: (N, ) class numbers, or (N, C) shares of the classes (MixUp).
            weight: (N, ) factor of each sample.
            avg_factor: Divisor of 'mean' instead of N.
            reduction_override: Replaces the configured reduction.

        Returns:
            A scalar, or (N, ) for 'none'.
        """
        reduction = _checked(reduction_override or self.reduction)
        loss = (F.nll_loss(cls_score, label, reduction='none') if label.dim() == 1
                else -(label * cls_score).sum(dim=1))
        return self.loss_weight * weight_reduce_loss(loss, weight, reduction, avg_factor)


def _checked(reduction: str) -> str:
    if reduction not in ('none', 'mean', 'sum'):
        raise ValueError(f"NLLLoss: reduction {reduction!r}, expected 'none', 'mean' or 'sum'")
    return reduction
