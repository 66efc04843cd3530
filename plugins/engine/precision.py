"""Faster training steps: mixed precision, fused optimizers, and no waiting for the device."""
import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.optim import OptimWrapper
from mmengine.registry import OPTIM_WRAPPERS, OPTIMIZERS
from torch import nn

# Arguments that choose an implementation, or that fused kernels do not support.
_CHOICES = ('fused', 'foreach', 'capturable', 'differentiable')


@OPTIM_WRAPPERS.register_module()
class DeferredNormOptimWrapper(OptimWrapper):
    """Clip gradients without waiting for their norm.

    The norm stays a tensor on the device until LossLogHook reads the norms of many steps at once;
    without that hook it is not logged.
    """

    _norm: torch.Tensor | None = None

    def _clip_grad(self) -> None:
        trainable = [parameter for group in self.optimizer.param_groups
                    for parameter in group['params']
                    if parameter.requires_grad and parameter.grad is not None]
        if trainable:
            self._norm = self.clip_func(trainable, **self.clip_grad_kwargs)

    def take_norm(self) -> dict[str, torch.Tensor]:
        """Return and forget the norm of the last step; empty if nothing was clipped."""
        norm, self._norm = self._norm, None
        return {} if norm is None else {self.grad_name: norm}


@OPTIM_WRAPPERS.register_module()
class Bf16OptimWrapper(DeferredNormOptimWrapper):
    """Run the forward pass under bfloat16 autocast, on a CPU or a GPU.

    Upstream's ``AmpOptimWrapper`` requires a GPU and scales the loss, which bfloat16 does not need.
    """

    @contextmanager
    def optim_context(self, model: torch.nn.Module) -> Iterator[None]:
        """Autocast the forward pass; the backward pass uses the same types automatically."""
        device = get_device()
        with super().optim_context(model), torch.autocast(device, torch.bfloat16):
            yield


def cpu_has_bf16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware.

    Without AVX512-BF16 or AMX (x86), or BF16 (Arm), PyTorch emulates the type: measured on an AVX2
    machine, a 3x3 convolution step was 10 to 50 times slower than in float32.
    """
    found = torch.cpu.get_capabilities()
    return any(found.get(name, False) for name in ('avx512_bf16', 'amx_bf16', 'bf16', 'sve_bf16'))


def enable_amp(cfg: Config) -> str:
    """Set a config to the precision that is fastest on this device, and to the layout it suits.

    Tensor cores and bfloat16 kernels suit channels-last; for float32 see :func:`laid_out`.

    Returns:
        The chosen type: ``bfloat16``, ``float16`` (a GPU older than Ampere, with loss scaling) or
        ``float32`` (a CPU that would emulate bfloat16).
    """
    if torch.cuda.is_available():
        if not torch.cuda.is_bf16_supported(including_emulation=False):
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            cfg.optim_wrapper.loss_scale = 'dynamic'
            cfg.channels_last = True
            return 'float16'
        torch.set_autocast_dtype('cuda', torch.bfloat16)  # mmengine's test loop asks for no type
    elif not cpu_has_bf16():
        return 'float32'
    cfg.channels_last = True
    cfg.optim_wrapper.type = 'Bf16OptimWrapper'
    return 'bfloat16'


def laid_out(model: nn.Module, channels_last: bool | None) -> nn.Module:
    """Lay a model's convolutions out as its config says.

    None chooses: channels-last on a CPU for networks with depthwise convolutions. Measured on an
    AVX2 machine, one thread: steps of EfficientNet-Lite0 and MobileNetV2 at 64 to 1280 px are 1.0
    to 1.8 times as fast in it, those of ResNet18 and Darknet-53 0.82 to 0.94 times.
    """
    if channels_last is None:
        channels_last = not torch.cuda.is_available() and any(
            isinstance(layer, nn.Conv2d) and 1 < layer.groups == layer.in_channels
            for layer in model.modules())
    return model.to(memory_format=torch.channels_last) if channels_last else model


def memory_format(model: nn.Module) -> str:
    """Name of the layout of a model's convolutions, as PyTorch calls it."""
    last = any(value.dim() == 4 and not value.is_contiguous() for value in model.parameters())
    return 'channels_last' if last else 'contiguous_format'


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
