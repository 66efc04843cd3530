"""Use the fused kernels of PyTorch's optimizers."""
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from mmengine.registry import OPTIMIZERS

# Arguments that choose an implementation, or that fused kernels do not support.
_CHOICES = ('fused', 'foreach', 'capturable', 'differentiable')


def with_fused_kernel(optim_wrapper: Mapping[str, Any]) -> dict[str, Any]:
    """Let a config's optimizer update all weights in one pass over the memory.

    PyTorch's default on a CPU loops over weights with one pass per operation: for Adam on ResNet18
    six times slower. Results agree up to rounding. Left unchanged are optimizers without a fused
    kernel, those whose config names an implementation, those in an AmpOptimWrapper (fused kernels
    would have to undo its loss scaling), SGD with momentum (its fused kernel fails when a part of
    the network becomes trainable later), and Adagrad on a GPU (it has no kernel).

    Args:
        optim_wrapper: ``optim_wrapper`` of a config.

    Returns:
        A copy of the config, with ``optimizer.fused=True`` where that helps.
    """
    optimizer = optim_wrapper.get('optimizer')
    if (not isinstance(optimizer, Mapping) or any(key in optimizer for key in _CHOICES)
            or optim_wrapper.get('type') == 'AmpOptimWrapper' or optimizer.get('momentum')):
        return dict(optim_wrapper)
    kind = optimizer.get('type')
    with OPTIMIZERS.switch_scope_and_registry(None) as registry:
        kind = registry.get(kind) if isinstance(kind, str) else kind
    own = inspect.isclass(kind) and kind.__module__.startswith(torch.optim.__name__)
    if not own or 'fused' not in inspect.signature(kind).parameters or (
            kind is torch.optim.Adagrad and torch.cuda.is_available()):
        return dict(optim_wrapper)
    return dict(optim_wrapper, optimizer=dict(optimizer, fused=True))
