"""Under which conditions ours, stock and bare are timed in one process."""
import platform
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from plugins.engine.allocator import keep_freed_memory, set_thresholds
from plugins.engine.fused_optimizer import with_fused_kernel

from .clock import RunnerBlocks
from .memory import give_back
from .timing import Block

# glibc adjusts its thresholds to what is freed, up to these (<malloc.h> of 64 bit, mallopt(3)):
# the best that a process reaches that sets none.
MAPPED, TRIMMED = 32 * 2 ** 20, 64 * 2 ** 20  # bytes


class FairContest(ABC):
    """Three ways to train the same, under the same conditions.

    Attributes:
        precision: Of ours and bare.
        optim_wrapper: Of ours; bare's optimizer is the same.
    """

    precision: str
    optim_wrapper: dict[str, Any]

    @abstractmethod
    def ours(self) -> RunnerBlocks:
        """tools/train.py's session and runner; sets the attributes."""

    @abstractmethod
    def stock(self, workers: int) -> RunnerBlocks:
        """mmengine's own runner with what mmpretrain or mmdet have."""

    @abstractmethod
    def bare(self) -> Callable[[], tuple[float, list[Tensor]]]:
        """The plain loop; each call trains a block and gives its seconds and losses."""

    def blocks(self, workers: Sequence[int]) -> dict[str, Block]:
        """Everything to be timed; ours first, for its precision and optimizer are bare's."""
        ours = self.ours()
        bare = self.bare()
        others = {**{f'stock, {n} workers': self.stock(n) for n in workers},
                  'bare': lambda: bare()[0]}
        return {'ours': ours, **{name: with_glibc_defaults(block)
                                 for name, block in others.items()}}

    def facts(self) -> dict[str, str]:
        """The conditions of the blocks."""
        return conditions(self.precision, self.optim_wrapper)


def bare_optimizer(optim_wrapper: Mapping[str, Any], network: nn.Module) -> torch.optim.Optimizer:
    """The optimizer of a plain script, with the kernel that ours has.

    Args:
        optim_wrapper: Of ours, with the type that its precision needs.
        network: Whose weights learn, on its device.
    """
    kind = dict(with_fused_kernel(optim_wrapper)['optimizer'])
    return getattr(torch.optim, kind.pop('type'))(network.parameters(), **kind)


@contextmanager
def glibc_defaults() -> Iterator[None]:
    """Memory as in a process without our Runner, which keeps what it frees; then ours again.

    What was kept is given back at the start; only gaps that ours left within its heap may serve the
    others. Measured, page faults of a step alone in a process and here: ResNet18 at 64 px, stock
    12 000 to 32 000 and 31 000; MobileNetV2 detector, stock 10 000 to 16 000 and 6 500. Nothing
    changes where our Runner keeps nothing.
    """
    if not _ours_keeps_memory():
        yield
        return
    set_thresholds(MAPPED, TRIMMED)
    give_back()
    try:
        yield
    finally:
        keep_freed_memory()


def with_glibc_defaults(block: Block) -> Block:
    """A block of stock or bare; see :func:`glibc_defaults`."""
    def defaults() -> float:
        with glibc_defaults():
            return block()
    return defaults


def conditions(precision: str, optim_wrapper: Mapping[str, Any]) -> dict[str, str]:
    """What the record says of them.

    Args:
        precision: Of ours and bare.
        optim_wrapper: Of ours.
    """
    optimizer = with_fused_kernel(optim_wrapper)['optimizer']
    kernel = ', fused=True' if optimizer.get('fused') else ''
    told = {'precision of ours and bare': precision,
            'optimizer of ours and bare': f"{optimizer['type']}{kernel}"}
    if _ours_keeps_memory():
        told['freed memory'] = "ours keeps it for the next step; stock and bare: glibc's defaults"
    return told


def _ours_keeps_memory() -> bool:
    """Whether our Runner calls :func:`keep_freed_memory` here, and that does something."""
    return not torch.cuda.is_available() and platform.libc_ver()[0] == 'glibc'
