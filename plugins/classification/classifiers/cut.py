"""A forward pass that starts within a network, from the stored output of one of its modules."""
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from typing import Any, NamedTuple

import torch
from mmengine.utils import apply_to
from torch import Tensor, nn
from torch.nn.modules import module as hooks


class Call(NamedTuple):
    """One call of a module; the starts and ends of all calls are counted together."""

    name: str
    start: int
    end: int
    output: Any  # what the module returned, on the meta device: shapes without values


@contextmanager
def traced(network: nn.Module) -> Iterator[list[Call]]:
    """Yield a list to which the calls of all modules within a network are added as they end."""
    names = {module: name for name, module in network.named_modules() if name}
    calls: list[Call] = []
    starts: list[int] = []
    number = count()

    def begin(module: nn.Module, inputs: Any) -> None:
        if module in names:
            starts.append(next(number))

    def end(module: nn.Module, inputs: Any, output: Any) -> None:
        if module in names:
            calls.append(Call(names[module], starts.pop(), next(number), apply_to(
                output, torch.is_tensor, lambda value: value.to('meta'))))

    with hooks.register_module_forward_pre_hook(begin), \
            hooks.register_module_forward_hook(end):
        yield calls


def tensors_in(output: Any) -> list[Tensor]:
    """All tensors of a module's output, which may be nested tuples, lists and dicts."""
    found: list[Tensor] = []
    apply_to(output, torch.is_tensor, found.append)
    return found


class _Reached(Exception):  # noqa: N818 (no error)
    """Ends a forward pass once the module has returned."""


class Cut:
    """Divides a forward pass behind a module that returns one tensor.

    The rest is run by the network's own ``forward``. In it, all modules before this one return NaN
    of the traced shapes at once, and this one returns the features. If more than its output is
    needed, because of a shortcut around it, the rest is NaN.

    Args:
        call: The only call of the module.
        calls: All calls, see :func:`traced`.
        images: The images of the trace.

    Attributes:
        name: The module, e.g. ``backbone.layer3``.
        shape: Of its output in the trace, without the batch: C (x H x W).
    """

    def __init__(self, call: Call, calls: Sequence[Call], images: Tensor) -> None:
        self.name, self._output, self._images = call.name, call.output, images.to('meta')
        self.shape = tensors_in(call.output)[0].shape[1:]
        self._before: dict[str, list[Any]] = {}
        around = call
        for other in reversed(calls):  # those within another one are never called
            if other.end < around.start:
                around = other
                self._before.setdefault(other.name, []).insert(0, other.output)

    def features(self, network: nn.Module, images: Tensor) -> Tensor:
        """The module's output for N x 3 x H x W images; nothing behind it is computed."""
        found: list[Tensor] = []

        def stop(module: nn.Module, inputs: Any, output: Any) -> None:
            found.extend(tensors_in(output))
            raise _Reached

        with network.get_submodule(self.name).register_forward_hook(stop), suppress(_Reached):
            network(images)
        return found[0]

    @contextmanager
    def resumed(self, network: nn.Module, features: Tensor) -> Iterator[Tensor]:
        """Within this context, a forward pass of the yielded images is the rest only, once.

        ``features`` are N x C (x H x W), which the rest may change in place.
        """
        def blank(traced: Tensor) -> Tensor:
            batch = [size * len(features) // len(self._images) for size in traced.shape[:1]]
            value = torch.nan if traced.is_floating_point() else 0
            return torch.full((), value, dtype=traced.dtype, device=features.device).expand(
                *batch, *traced.shape[1:])

        def skip(outputs: Iterator[Any]) -> Callable[..., Any]:
            return lambda *args, **kwargs: apply_to(next(outputs), torch.is_tensor, blank)

        def resume(*args: Any, **kwargs: Any) -> Any:
            originals.close()  # modules that were called before may be called again
            mixed = torch.is_autocast_enabled(features.device.type)
            return apply_to(self._output, torch.is_tensor, lambda traced: features.to(
                traced.dtype if mixed else features.dtype))

        with ExitStack() as originals:
            for name, forward in [*((name, skip(iter(outputs))) for name, outputs
                                    in self._before.items()), (self.name, resume)]:
                module = network.get_submodule(name)
                if 'forward' in vars(module):  # mmengine's activation checkpointing
                    originals.callback(setattr, module, 'forward', module.forward)
                else:
                    originals.callback(delattr, module, 'forward')
                module.forward = forward
            yield blank(self._images)
