"""A trial as a leaf config: the base, and what differs."""
import copy
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from plugins.engine.cfg_options import merge_options
from plugins.engine.config_check import check_config
from plugins.engine.session import load_config

from .definition import Search
from .space import Values

REPORT_HOOK = 'plugins.search.report_hook'
_MISSING = object()
_WIDTH = 98  # of a line; room for what closes it


class Leaves:
    """Writes the leaf config of each trial of a search.

    Command line options could change a run as well, but not to a list of
    groups, and a winner has to be a file anyway: so each trial is one.

    Args:
        search: The search.

    Attributes:
        base: The base config, to be left as it is.
        changed: The same with what all trials change.

    Raises:
        OSError: The base config, or one of its bases, is missing.
        ValueError: A key that the search changes is not in the base, or the changed config is
            wrong; names the parameter and the nearest key.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.base = load_config(str(search.base))
        self.common = self._common()
        self.changed = copy.deepcopy(self.base)
        self._apply(self.changed, self.common, 'changes')
        for parameter, value, values in search.space.examples():
            where = f'space[{parameter.name!r}], value {value!r}'
            config = copy.deepcopy(self.changed)
            self._apply(config, search.space.settings(values), where)
            try:
                check_config(config)
            except ValueError as error:
                raise ValueError(f'search config {search.path}: {where}: {error}') from error

    def _common(self) -> dict[str, Any]:
        """What all trials change: the metric's best checkpoint is the one that counts."""
        search, settings = self.search, dict(self.search.changes)
        if search.epochs is not None:
            settings['train_cfg.max_epochs'] = search.epochs
        if self.base.default_hooks.checkpoint.get('save_best') != search.metric:
            for key, value in (('save_best', search.metric), ('rule', search.rule)):
                sign = '' if key in self.base.default_hooks.checkpoint else '+'
                settings[f'{sign}default_hooks.checkpoint.{key}'] = value
        return settings

    def _reporting(self) -> dict[str, Any]:
        """The hook that a pruner needs."""
        imports = list(self.base.custom_imports.imports)
        return {'custom_imports.imports': [*imports, REPORT_HOOK],
                '+default_hooks.search_report': dict(type='TrialReportHook',
                                                     metric=self.search.metric)}

    def _apply(self, config: Config, settings: Mapping[str, Any], where: str) -> None:
        for key, value in settings.items():
            if isinstance(value, Mapping) and not key.startswith('+'):
                value = {**value, '_delete_': True}
            try:
                merge_options(config, {key: copy.deepcopy(value)})
            except ValueError as error:
                text = str(error).replace('--cfg-options ', '')
                raise ValueError(f'search config {self.search.path}: {where}: {text}') from error

    def config(self, values: Values) -> Config:
        """The config of a trial, resolved."""
        config = copy.deepcopy(self.changed)
        self._apply(config, self.search.space.settings(values), 'space')
        return config

    def write(self, path: Path, values: Values, docstring: str, reporting: bool = False) -> None:
        """Write the leaf config of a trial; a reader never sees half of it.

        Args:
            path: The file; an older one is replaced.
            values: The trial's.
            docstring: Of the config.
            reporting: Whether its run reports to a pruner.
        """
        text = self.text(path, values, docstring, reporting)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix('.py.partial')
        partial.write_text(text)
        partial.replace(path)

    def text(self, path: Path, values: Values, docstring: str, reporting: bool = False) -> str:
        """What :meth:`write` would write."""
        config, keys = self.config(values), [*self.common, *self.search.space.settings(values)]
        if reporting:
            self._apply(config, self._reporting(), 'pruner')
            keys += self._reporting()
        differing = _difference(self.base, config, keys)
        base = Path(os.path.relpath(self.search.base, path.parent.resolve())).as_posix()
        if not base.startswith('.'):
            base = f'./{base}'
        lines = [f'{key} = {_code(value, len(key) + 3)}' for key, value in differing.items()]
        return '\n'.join([f'"""{docstring.rstrip()}', '"""', f'_base_ = {base!r}', *lines, ''])


def _code(value: Any, used: int, indent: int = 0) -> str:
    """A value as this collection writes it: ``dict(...)``, and lines of 100 characters.

    mmengine's own dump breaks each pair of numbers over four lines.

    Args:
        value: What YAML could hold too.
        used: Characters that stand before it in its line.
        indent: Of its line.
    """
    if not isinstance(value, Mapping | list | tuple) or not value:
        return repr(value)
    named = isinstance(value, Mapping) and all(str(key).isidentifier() for key in value)
    open_, close = ('dict(', ')') if named else ('{', '}') if isinstance(value, Mapping) else \
        ('[', ']') if isinstance(value, list) else ('(', ',)' if len(value) == 1 else ')')
    items = [('', item) for item in value] if not isinstance(value, Mapping) else [
        (f'{key}=' if named else f'{key!r}: ', item) for key, item in value.items()]
    line = open_ + ', '.join(f'{name}{_code(item, 0, -10 ** 6)}' for name, item in items) + close
    if used + len(line) <= _WIDTH or indent < 0:
        return line
    inner = indent + 4
    return f'{open_}\n' + ',\n'.join(
        f"{' ' * inner}{name}{_code(item, inner + len(name), inner)}"
        for name, item in items) + close


def _difference(base: Config, config: Config, keys: Iterable[str]) -> dict[str, Any]:
    """What a leaf config says to become ``config``: a changed item of a list is the whole list."""
    old, new = base._cfg_dict.to_dict(), config._cfg_dict.to_dict()
    tree: dict[str, Any] = {}
    paths = {tuple(_up_to_list(new, key.lstrip('+').split('.'))): None for key in keys}
    for path in paths:
        if any(path[:n] in paths for n in range(1, len(path))):
            continue  # within another one, which is written whole
        value, before = _at(new, path), _at(old, path)
        if value == before:
            continue
        if isinstance(value, Mapping) and before is not _MISSING:
            value = {'_delete_': True, **value}
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = value
    return tree


def _up_to_list(node: Any, parts: list[str]) -> list[str]:
    for number, part in enumerate(parts):
        if not isinstance(node, Mapping):
            return parts[:number]
        node = node.get(part)
    return parts


def _at(node: Any, path: Iterable[str]) -> Any:
    for part in path:
        if not isinstance(node, Mapping) or part not in node:
            return _MISSING
        node = node[part]
    return node
