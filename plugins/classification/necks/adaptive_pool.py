"""Pool the last feature map to a fixed size and flatten it."""
from mmpretrain.registry import MODELS
from torch import Tensor, nn


@MODELS.register_module()
class AdaptivePoolNeck(nn.Module):
    """The pool between features and classifier of torchvision's VGG (7) and AlexNet (6).

    mmpretrain's VGG flattens its feature map without pooling, so its classifier
    fits only 224 px; its necks pool to one value per channel.

    Args:
        output_size: Side of the square that each channel is averaged to.
    """

    def __init__(self, output_size: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(output_size)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor]:
        """Feature maps, the last (N, C, H, W), to one tensor (N, C * output_size ** 2)."""
        return (self.pool(feats[-1]).flatten(1),)
