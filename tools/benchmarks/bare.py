"""A training script without any framework, to be read from top to bottom."""
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from .measure import now


def train(batches: Iterator[tuple], loss: Callable[..., Tensor], optimizer: torch.optim.Optimizer,
          warmup: int, iterations: int, dtype: torch.dtype | None = None,
          clip: float | None = None) -> Iterator[tuple[float, list[Tensor]]]:
    """Train for ever, pausing after each block to yield seconds of an iteration and all losses.

    Args:
        batches: Endless; each is a tuple of arguments of ``loss``, which runs the network.
        warmup, iterations: Of a block; only the latter are timed.
        dtype: Of autocast; None: float32. With float16 the loss is scaled.
        clip: Largest norm of the gradient, or None.
    """
    parameters = optimizer.param_groups[0]['params']
    device = parameters[0].device.type
    scaler = torch.amp.GradScaler(device, enabled=dtype == torch.float16)
    while True:
        losses = []
        for step in range(warmup + iterations):
            if step == warmup:
                start = now()
            batch = next(batches)
            with torch.autocast(device, dtype, enabled=dtype is not None):
                value = loss(*batch)
            scaler.scale(value).backward()
            if clip is not None:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(parameters, clip)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            losses.append(value.detach())
        yield (now() - start) / iterations, losses


def batch_rows(total: int, batch: int, shuffle: bool) -> Iterator[Tensor]:
    """Row numbers of endless batches; an epoch's incomplete last one is left out."""
    while True:
        order = torch.randperm(total) if shuffle else torch.arange(total)
        yield from order[:total // batch * batch].split(batch)
