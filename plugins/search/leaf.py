"""Write a trial as a leaf config, which lists only what differs from the base config."""
import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.config import Config

from plugins.engine.cfg_options import merge_options
from plugins.engine.config_check import check_config
from plugins.engine.session import load_config

from .definition import Search
from .space import Values

REPORT_HOOK = 'plugins.search.report_hook'


class Leaves:
    """Creates the leaf configs of a search's trials.

    Attributes:
        search: The search.
        base: Its base config.
        changed: The base config with the changes that all trials share.

    Raises:
        OSError: The base config or one of its bases is missing.
        ValueError: A key that the search changes is not in the base, or the changed config is
            wrong; the message names the parameter and the nearest key.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self.base = load_config(str(search.base))
        self.changed = self._with(self.base, ('changes', self._common()))
        for values in search.space.examples():
            self.config(values)

    def _common(self) -> dict[str, Any]:
        """Changes that all trials share; the search's metric decides which checkpoint is best."""
        search, settings = self.search, dict(self.search.changes)
        if search.epochs is not None:
            settings['train_cfg.max_epochs'] = search.epochs
        if self.base.default_hooks.checkpoint.get('save_best') != search.metric:
            settings['default_hooks.checkpoint.save_best'] = search.metric
            settings['default_hooks.checkpoint.rule'] = search.rule
        return settings

    def _with(self, config: Config, *changes: tuple[str, Mapping[str, Any]]) -> Config:
        """A copy with dotted keys changed, in order; errors name the change."""
        config = copy.deepcopy(config)
        for where, settings in changes:
            try:
                for key, value in settings.items():
                    if isinstance(value, Mapping) and not key.startswith('+'):
                        value = {**value, '_delete_': True}
                    merge_options(config, {key: copy.deepcopy(value)})
                check_config(config)
            except ValueError as error:
                text = str(error).replace('--cfg-options ', '')
                raise ValueError(f'search config {self.search.path}: {where}: {text}') from error
        return config

    def config(self, values: Values) -> Config:
        """Build the resolved config of a trial."""
        return self._with(self.changed, *(
            (f'space[{one.name!r}], value {values[one.name]!r}', one.settings(values[one.name]))
            for one in self.search.space.parameters if one.name in values))

    def text(self, path: Path, values: Values, docstring: str, reporting: bool = False) -> str:
        """The text of a trial's leaf config, which the caller writes to ``path``.

        With ``reporting``, the run reports its metric to a pruner after each epoch.
        """
        config = self.config(values)
        if reporting:
            imports = [*self.base.custom_imports.imports, REPORT_HOOK]
            hook = dict(type='TrialReportHook', metric=self.search.metric)
            config = self._with(config, ('pruner', {'custom_imports.imports': imports,
                                                    '+default_hooks.search_report': hook}))
        base = Path(os.path.relpath(self.search.base, path.parent.resolve())).as_posix()
        base = base if base.startswith('.') else f'./{base}'
        differing = _difference(self.base._cfg_dict.to_dict(), config._cfg_dict.to_dict())
        return (f'"""{docstring.rstrip()}\n"""\n_base_ = {base!r}\n'
                f'{Config(differing).pretty_text}').rstrip() + '\n'


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a leaf config that changes ``old`` into ``new``; lists are written in full."""
    if set(old) - set(new):
        return {'_delete_': True, **new}
    changed = {}
    for key, value in new.items():
        before = old.get(key, value)
        if isinstance(value, Mapping) and value != before:
            value = _difference(before, value) if isinstance(before, Mapping) \
                else {'_delete_': True, **value}
        if key not in old or value != before:
            changed[key] = value
    return changed
