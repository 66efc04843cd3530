"""A training script without any framework, to be read from top to bottom."""
from collections.abc import Callable, Iterator
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .timing import now


def train(images: Tensor, labels: Tensor, network: nn.Module, optimizer: torch.optim.Optimizer,
          augment: Callable[[Tensor], Tensor], mean: Tensor, std: Tensor, batch: int, warmup: int,
          iterations: int, dtype: torch.dtype | None = None,
          shuffle: bool = True) -> Iterator[tuple[float, list[Tensor]]]:
    """Train for ever, and stop for a moment after each block of iterations.

    Args:
        images: N x 3 x H x W, uint8, in RAM.
        labels: N.
        network: Images to logits; on its device, in its memory layout.
        optimizer: Of its parameters.
        augment: A batch of uint8 images, on the device, to floats 0 ... 255.
        mean, std: 3 x 1 x 1, on the device.
        batch: Images in a batch.
        warmup: Iterations of a block before the clock starts.
        iterations: Iterations of a block that are timed.
        dtype: Of autocast; None: float32. With float16 the loss is scaled.
        shuffle: In another order each epoch.

    Yields:
        Seconds of an iteration, and the losses of the block.
    """
    device = mean.device
    autocast = nullcontext() if dtype is None else torch.autocast(device.type, dtype)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    network.train()
    order = torch.empty(0, dtype=torch.long)
    while True:
        losses = []
        for step in range(warmup + iterations):
            if step == warmup:
                start = now()

            # the next batch; an epoch's incomplete last one is left out
            if len(order) < batch:
                order = torch.randperm(len(images)) if shuffle else torch.arange(len(images))
            chosen, order = order[:batch], order[batch:]
            x = images[chosen].to(device, non_blocking=True)
            y = labels[chosen].to(device, non_blocking=True)

            # augment the whole batch, normalise
            x = augment(x).float().sub_(mean).div_(std)

            # the step
            with autocast:
                loss = F.cross_entropy(network(x), y)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            losses.append(loss.detach())
        yield (now() - start) / iterations, losses
