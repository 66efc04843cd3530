"""DenseNet without its last stages (report E, rows E4 to E9)."""
from collections.abc import Mapping, Sequence
from typing import Any

from mmpretrain.models.backbones import DenseNet
from mmpretrain.registry import MODELS


@MODELS.register_module()
class TruncatedDenseNet(DenseNet):
    """mmpretrain's DenseNet up to and including the transition after a stage.

    mmpretrain can return the output of an earlier stage, but still builds and
    computes the later ones: they count as parameters and, as they get no
    gradient, stop distributed training. Parameters keep DenseNet's names, so
    its checkpoints fit.

    ==========  =================  ==================  ======
    num_stages  layers of blocks   out, from 224 px    rows
    ==========  =================  ==================  ======
    3           6, 12, 24          512 x 7 x 7         E4, E7
    2           6, 12              256 x 14 x 14       E5, E8
    1           6                  128 x 28 x 28       E6, E9
    ==========  =================  ==================  ======

    Args:
        num_stages: Dense blocks to keep, each with its transition.
        arch: As for DenseNet.
        out_indices: Stages to return, as for DenseNet; -1 is the last kept.
        kwargs: As for DenseNet.

    Raises:
        ValueError: ``num_stages`` keeps no block or all of them.
    """

    def __init__(self, num_stages: int, arch: str | Mapping[str, Any] = '121',
                 out_indices: int | Sequence[int] = -1, **kwargs: Any) -> None:
        settings = self.arch_settings.get(arch) if isinstance(arch, str) else arch
        if settings is None:
            raise ValueError(f'TruncatedDenseNet arch={arch!r}: expected one of '
                             f'{list(self.arch_settings)}')
        depths = settings['depths']
        if not 1 <= num_stages < len(depths):
            raise ValueError(f'TruncatedDenseNet num_stages={num_stages}: expected 1 ... '
                             f'{len(depths) - 1}; DenseNet itself has all {len(depths)}')
        indices = [out_indices] if isinstance(out_indices, int) else out_indices
        # DenseNet's last stage ends in a norm instead of a transition. An empty stage is added for
        # it, and then removed.
        super().__init__(
            arch={**settings, 'depths': [*depths[:num_stages], 0]},
            out_indices=[i if i >= 0 else num_stages + i for i in indices], **kwargs)
        del self.stages[-1], self.transitions[-1]
        self.depths, self.num_stages = list(depths[:num_stages]), num_stages
