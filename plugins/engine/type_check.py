"""Find misspelt types and arguments of a config before anything is built."""
import inspect
import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

from mmengine import registry as registries
from mmengine.config import Config
from mmengine.registry import DefaultScope, Registry
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from torch.utils.data import DataLoader

from .config_keys import groups
from .wording import near, shortened

# The places of types in a config, and their registry, or its name in mmengine.
REGISTRIES: dict[str, str | Registry] = {
    r'model(\.(backbone|neck|head|bbox_head|data_preprocessor))?(\.\d+)?': 'MODELS',
    r'\w+_dataloader\.dataset(\.dataset|\.datasets\.\d+)*': 'DATASETS',
    r'\w+_dataloader\.dataset\.(.*\.)?pipeline\.\d+': 'TRANSFORMS',
    r'\w+_dataloader\.(batch_)?sampler': 'DATA_SAMPLERS',
    r'\w+_dataloader\.collate_fn': 'FUNCTIONS',
    r'\w+_evaluator(\.\d+)?': 'METRICS',
    r'(train|val|test)_cfg': 'LOOPS',
    r'(default|custom)_hooks\.\w+': 'HOOKS',
    r'optim_wrapper': 'OPTIM_WRAPPERS', r'optim_wrapper\.optimizer': 'OPTIMIZERS',
    r'param_scheduler(\.\d+)?': 'PARAM_SCHEDULERS',
    r'visualizer': 'VISUALIZERS'}
# Groups without a type, and what their keys are arguments of.
_UNTYPED: dict[str, tuple[type, ...]] = {
    **{f'{part}_dataloader': (DataLoader,) for part in ('train', 'val', 'test')},
    'train_cfg': (EpochBasedTrainLoop, IterBasedTrainLoop), 'val_cfg': (ValLoop,),
    'test_cfg': (TestLoop,)}
# Keys that the Runner takes out before it builds.
_TAKEN_OUT = {'type', '_scope_', 'priority', 'by_epoch', 'convert_to_iter_based', 'constructor',
              'paramwise_cfg', 'num_batch_per_epoch', 'disable_subprocess_warning'}


def check_types(cfg: Config) -> None:
    """Check that the types in a config are registered and accept the given arguments.

    Types in unusual places, and classes that accept any argument, are left to mmengine's checks.

    Raises:
        ValueError: A type or argument is unknown; the message names the key and similar names.
    """
    with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
        _found(registries.RUNNERS, cfg.get('runner_type', 'Runner'), 'runner_type')
        for path, node in groups(cfg):
            known = arguments(path, node)
            for key in node if known is not None else ():
                if key not in known and key not in _TAKEN_OUT:
                    kind = node.get('type') or _UNTYPED[path][0].__name__
                    raise ValueError(f'{path}.{key}: {kind} has no such argument'
                                     + near(key, sorted(known)))


def registry_of(path: str) -> Registry | None:
    """The registry of the types of a group; None if it is in an unusual place."""
    return next((getattr(registries, found) if isinstance(found, str) else found
                 for place, found in REGISTRIES.items() if re.fullmatch(place, path)), None)


def arguments(path: str, node: Mapping[str, Any]) -> dict[str, inspect.Parameter] | None:
    """Arguments of what a group builds, by name; None if unknown, or if it accepts any.

    Raises:
        ValueError: The group's type is not registered.
    """
    kind, registry = node.get('type'), registry_of(path)
    if isinstance(kind, str) and registry is not None:
        classes: tuple[Any, ...] = (_found(registry, kind, f'{path}.type'),)
    elif kind is None and path in _UNTYPED:
        classes = _UNTYPED[path]
        if 'by_epoch' in node:  # which chooses one of two
            classes = classes[:1] if node['by_epoch'] else classes[1:]
    else:
        return None
    known = [_arguments(found) for found in classes]
    return None if None in known else {name: one for names in known for name, one in names.items()}


def _found(registry: Registry, name: str, key: str) -> Any:
    # A registry that no package extends would warn that it does not know the scope.
    with registry.switch_scope_and_registry(None) if registry.children else nullcontext(registry) \
            as scoped:
        try:
            found = scoped.get(name)
        except (RuntimeError, TypeError, ValueError):  # a dotted name that cannot be imported
            found = None
        if found is not None:
            return found
        names: set[str] = set()
        while scoped is not None:  # a name that its own scope lacks is looked up in mmengine's
            names |= set(scoped.module_dict)
            scoped = scoped.parent
    raise ValueError(f'{key} is {shortened(name)}, which is no registered {registry.name}'
                     + near(name.split('.')[-1], sorted(names)))


def _arguments(kind: Any) -> dict[str, inspect.Parameter] | None:
    """The arguments of a class and its bases; None if it accepts any."""
    inits = [vars(base)['__init__'] for base in (kind.__mro__ if inspect.isclass(kind) else ())
             if '__init__' in vars(base)]
    known = [inspect.signature(init).parameters.values() for init in inits]
    if kind.__name__ == 'TIMMBackbone' or all(  # it gives other arguments to timm
            any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
            for parameters in known):
        return None
    return {parameter.name: parameter for parameters in reversed(known) for parameter in parameters
            if parameter.name not in ('self', 'args')}
