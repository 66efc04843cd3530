"""Start from pretrained weights, and report how many of them were loaded."""
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mmengine.logging import MessageHub
from mmengine.model.weight_init import update_init_info
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from .checkpoint import check_finite, read_checkpoint
from .checks import number
from .distributed import say
from .module_patterns import checked_patterns, matches
from .trained_images import TRAINED, packed, trained_on
from .wording import some

State = Mapping[str, Tensor]
Layout = Callable[[State, nn.Module], State]

_layouts: list[Layout] = []
_NOT_WEIGHTS = 'data_preprocessor.'  # the config defines the normalisation


def register_layout(layout: Layout) -> Layout:
    """Register a function by which :class:`Pretrained` renames a file's tensors; a decorator."""
    _layouts.append(layout)
    return layout


@WEIGHT_INITIALIZERS.register_module(name='Pretrained', force=True)
class Pretrained:
    """Load published weights into a module, and report or reject what does not fit.

    It replaces mmengine's initializer of this name, which only warns about tensors that do not
    match, even if none does, and loads a layer's bias even if its weight has another shape. A layer
    with a tensor of another shape in the file keeps its random initialisation. Tensors named
    ``num_batches_tracked`` are loaded but not counted; a ``data_preprocessor`` in the file is
    ignored, as the config defines it.

    Args:
        checkpoint: A file, a URL, ``torchvision://...`` or ``open-mmlab://...``.
        prefix: Use only tensors whose names have this prefix (``'mmdet.'``), which is removed.
        exclude: Names of modules, with wildcards, that keep their random initialisation, e.g.
            ``['layer4']``.
        min_loaded: Share of tensors, 0 to 1, that must be loaded: of the ``backbone`` if the
            module has one (a classifier is new in every transfer), else of the whole module.
        map_location: As for ``torch.load``.

    Raises:
        OSError: The checkpoint cannot be read or downloaded.
        ValueError: Too little of it matches, it has nothing with the prefix, a tensor contains NaN
            or infinity, or an argument is wrong.
    """

    def __init__(self, checkpoint: str, prefix: str | None = None, exclude: Sequence[str] = (),
                 min_loaded: float = 0.95, map_location: Any = 'cpu') -> None:
        self.checkpoint, self.prefix, self.exclude = checkpoint, prefix, exclude
        self.min_loaded = number(self, 'min_loaded', min_loaded, 0, 1)
        self.map_location = map_location

    def __call__(self, module: nn.Module) -> None:
        """Load the weights; the module is unchanged if an error is raised."""
        self.load(module, read_checkpoint(self.checkpoint, self.map_location))

    def load(self, module: nn.Module, content: Mapping[str, Any]) -> None:
        """Load the weights from a checkpoint's content; the run inherits what they have seen."""
        state = self._state(content)
        for layout in _layouts:
            state = layout(before := state, module)
            if len(state) < len(before):
                raise ValueError(f'checkpoint {self.checkpoint}: holds {len(before) - len(state)} '
                                 f'tensors under two names, among {some(before)}; keep one of each')
        exclude = checked_patterns(module, self.exclude, 'Pretrained: exclude')
        fit = _Fit(module, state, exclude)
        self._check(fit)
        module.load_state_dict(fit.loaded, strict=False)
        if seen := content.get('message_hub', {}).get('runtime_info', {}).get(TRAINED):
            hub = MessageHub.get_current_instance()
            seen = trained_on(hub.get_info(TRAINED, {})) | trained_on(seen)
            hub.update_info(TRAINED, dict(earlier=packed(seen)))
        if hasattr(module, '_params_init_info'):
            update_init_info(module, f'Pretrained: loaded from {self.checkpoint}, or kept')
        say(fit.report(self.checkpoint))

    def _state(self, content: Mapping[str, Any]) -> State:
        content = content.get('state_dict', content)
        # 'module.' is what DistributedDataParallel puts in front of its model's names.
        state = {name.removeprefix('module.'): tensor for name, tensor in content.items()
                 if isinstance(tensor, Tensor)}
        if not state:
            raise ValueError(f'checkpoint {self.checkpoint}: found no tensors, but '
                             f'{some(map(str, content))}; expected a state_dict')
        if self.prefix is None:
            return state
        prefix = self.prefix.removesuffix('.') + '.'
        chosen = {name.removeprefix(prefix): tensor for name, tensor in state.items()
                  if name.startswith(prefix)}
        if not chosen:
            first = dict.fromkeys(name.partition('.')[0] + '.' for name in state)
            raise ValueError(f'checkpoint {self.checkpoint}: found nothing under prefix '
                             f'{prefix!r}; its names begin with {some(first)}')
        return chosen

    def _check(self, fit: '_Fit') -> None:
        check_finite(fit.loaded, self.checkpoint)
        counted, loaded = fit.parts[fit.counted]
        if loaded and loaded / counted >= self.min_loaded:
            return
        if not counted:
            raise ValueError(f'Pretrained: nothing is left to load into {fit.counted}; exclude '
                             'matches all of it')
        missing = [name for name in fit.lacking if fit.part_of(name) == fit.counted]
        raise ValueError(
            f'checkpoint {self.checkpoint} fits {loaded} of {counted} tensors of {fit.counted}, '
            f'expected at least {self.min_loaded:.0%}. Not loaded: '
            f'{fit.described(missing, 2)}. Left over in the file: '
            f'{some(fit.unused, most=2) or "nothing"}. Is it of another architecture? '
            'Correct checkpoint or load_from; in init_cfg, also prefix, exclude or min_loaded')


class _Fit:
    """Which tensors of a file match a module."""

    def __init__(self, module: nn.Module, state: State, exclude: Sequence[str]) -> None:
        self.whole = isinstance(getattr(module, 'backbone', None), nn.Module)
        self.counted = 'backbone' if self.whole else type(module).__name__  # the part that decides
        own = {name: tensor for name, tensor in module.state_dict().items()
               if not name.startswith(_NOT_WEIGHTS)}
        wanted = {name: tensor for name, tensor in own.items() if not matches(name, exclude)}
        self.excluded = sum(map(_counts, own.keys() - wanted))
        other_shape = {_layer(name) for name, tensor in own.items()
                       if name in state and state[name].shape != tensor.shape}
        self.loaded = {name: state[name] for name in wanted  # what the module takes
                       if name in state and _layer(name) not in other_shape}
        self.lacking = {  # its other tensors, each with the reason
            name: 'not in the file' if name not in state else
            f'shape {_shape(tensor)}, file has {_shape(state[name])}'
            if state[name].shape != tensor.shape else 'its layer has another shape in the file'
            for name, tensor in wanted.items() if _counts(name) and name not in self.loaded}
        self.parts: dict[str, list[int]] = {self.counted: [0, 0]}  # of each part: all, loaded
        for name in filter(_counts, wanted):
            tally = self.parts.setdefault(self.part_of(name), [0, 0])
            tally[0] += 1
            tally[1] += name in self.loaded
        self.unused = [name for name in state if name not in own and _counts(name)
                       and not name.startswith(_NOT_WEIGHTS)]

    def part_of(self, name: str) -> str:
        """The part that a tensor is counted in."""
        return name.partition('.')[0] if self.whole else self.counted

    def described(self, names: Iterable[str], most: int = 6) -> str:
        """Some of the names, each with the reason why it is not loaded."""
        return some((f'{name} ({self.lacking[name]})' for name in names), most=most)

    def report(self, source: str) -> str:
        """One line for the console and the log."""
        counted, loaded = self.parts[self.counted]
        line = f'{self.counted}: {loaded} of {counted} tensors loaded ' \
               f'({100 * loaded // counted} %) from {source}'
        line += ''.join(f', {part}: {some} of {total}' for part, (total, some)
                        in self.parts.items() if part != self.counted)
        if self.lacking:
            line += f'; not loaded: {self.described(self.lacking)}'
        if self.excluded:
            line += f'; excluded: {self.excluded}'
        names = f' ({some(self.unused, most=2)})' if self.unused else ''
        return f'{line}; left over in the file: {len(self.unused)}{names}'


def _layer(name: str) -> str:
    return name.rpartition('.')[0]


def _counts(name: str) -> bool:
    return not name.endswith('.num_batches_tracked')


def _shape(tensor: Tensor) -> str:
    return 'x'.join(map(str, tensor.shape)) or 'scalar'

