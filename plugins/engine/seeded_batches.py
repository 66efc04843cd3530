"""Seed the workers of a dataloader anew for every batch."""
import random
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import numpy as np
import torch
from mmengine.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler, Sampler


class _Batch(list):
    """Indices; a worker that receives them seeds its generators first."""

    seed: int

    def __reduce__(self) -> tuple:
        return _receive, (list(self), self.seed)


def _receive(indices: list[int], seed: int) -> list[int]:
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return indices


@DATA_SAMPLERS.register_module()
class SeededBatchSampler(Sampler):
    """Batches that bring the seed of the worker which loads them.

    Otherwise workers draw the same numbers in each epoch or, if they are persistent, continue from
    states that no checkpoint contains. Here the seeds follow from the main process's random state
    at the start of a pass, whatever the number of workers.

    Args:
        sampler: Gives the indices.
        batch_size: Indices per batch.
        drop_last: Leave out a last batch with fewer.
        batch_sampler: Config of the sampler that makes the batches; None: PyTorch's BatchSampler.
    """

    def __init__(self, sampler: Sampler, batch_size: int, drop_last: bool = False,
                 batch_sampler: Mapping[str, Any] | None = None) -> None:
        arguments = dict(sampler=sampler, batch_size=batch_size, drop_last=drop_last)
        self.batches = BatchSampler(**arguments) if batch_sampler is None else \
            DATA_SAMPLERS.build(dict(batch_sampler), default_args=arguments)
        self.sampler, self.batch_size = sampler, batch_size
        self.skip = 0  # batches that the next pass leaves out

    def __iter__(self) -> Iterator[_Batch]:
        entropy = torch.randint(2**62, ()).item()
        done, self.skip = self.skip, 0
        for number, indices in islice(enumerate(self.batches), done, None):
            batch = _Batch(indices)
            batch.seed = int(np.random.SeedSequence([entropy, number]).generate_state(1)[0])
            yield batch

    def __len__(self) -> int:
        return len(self.batches)
