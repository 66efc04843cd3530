"""A detector's training script without any framework, to be read from top to bottom."""
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .timing import now


def train(images: Tensor, truth: Sequence[InstanceData], ignored: Sequence[InstanceData] | None,
          model: nn.Module, optimizer: torch.optim.Optimizer, clip: float | None, mean: Tensor,
          std: Tensor, pad: tuple[int, int], batch: int, warmup: int, iterations: int,
          dtype: torch.dtype | None = None,
          shuffle: bool = True) -> Iterator[tuple[float, list[Tensor]]]:
    """Train for ever, and stop for a moment after each block of iterations.

    Args:
        images: N x 3 x H x W, uint8, BGR, in RAM, all of one size.
        truth: Of each image, ``bboxes`` (n, 4) in pixels and ``labels`` (n,).
        ignored: Likewise, boxes that are no background; None: there are none.
        model: Has backbone, neck and bbox_head; on its device, in its memory layout.
        optimizer: Of its parameters.
        clip: Largest norm of the gradient, or None.
        mean, std: 3 x 1 x 1, RGB, on the device.
        pad: Zeros (columns, rows) that follow each normalised image.
        batch: Images in a batch.
        warmup, iterations: Of a block; only the latter are timed.
        dtype: Of autocast; None: float32. With float16 the loss is scaled.
        shuffle: In another order each epoch, and mirror half of the images.

    Yields:
        Seconds of an iteration, and the losses of the block.
    """
    device, width = mean.device, images.shape[-1]
    autocast = nullcontext() if dtype is None else torch.autocast(device.type, dtype)
    scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)
    model.train()
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
            mirror = torch.rand(batch) < 0.5 if shuffle else torch.zeros(batch, dtype=torch.bool)
            x = images[chosen].to(device, non_blocking=True)
            x = torch.where(mirror.to(device)[:, None, None, None], x.flip(3), x)
            boxes = [_mirrored(truth[i], width, m).to(device) for i, m in zip(
                chosen.tolist(), mirror.tolist(), strict=True)]
            others = None if ignored is None else [
                _mirrored(ignored[i], width, m).to(device) for i, m in zip(
                    chosen.tolist(), mirror.tolist(), strict=True)]

            # BGR to RGB, normalise, fill up to the network's size
            x = x.flip(1).float().sub_(mean).div_(std)
            x = F.pad(x, (0, pad[0], 0, pad[1]))

            # the step
            with autocast:
                maps = model.bbox_head(model.neck(model.backbone(x)))
                loss = sum(model.bbox_head.loss_by_feat(*maps, boxes, [], others).values())
            scaler.scale(loss).backward()
            if clip is not None:
                scaler.unscale_(optimizer)
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            scaler.step(optimizer)
            scaler.update()
            optimizer.zero_grad()
            losses.append(loss.detach())
        yield (now() - start) / iterations, losses


def _mirrored(instances: InstanceData, width: int, mirror: bool) -> InstanceData:
    if not mirror:
        return instances
    boxes = instances.bboxes.clone()
    boxes[:, 0::2] = width - instances.bboxes[:, [2, 0]]
    return InstanceData(bboxes=boxes, labels=instances.labels)
