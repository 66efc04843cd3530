"""The published form of a model: one file with its weights, its config as text and facts about it.

All of it is data. A file may come from anyone, so its config is read as a Python literal, and only
networks and image transforms of the packages that this collection uses are built from it.
"""
import ast
import importlib
import pprint
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine import registry
from mmengine.config import Config

from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.config_keys import READ_KEYS, groups
from plugins.engine.wording import some
from plugins.engine.zoo import check_sum, named_digits

FORMAT = 1
_PLUGINS = {'mmpretrain': 'plugins.classification', 'mmdet': 'plugins.detection'}
_NOT_PUBLISHED = ('work_dir', 'load_from', 'resume', 'launcher', 'experiment_name')
# Keys of a model that name weights to begin with.
_WEIGHTS = ('init_cfg', 'pretrained', 'checkpoint_path')
_BUILT = re.compile(
    r'(plugins|torch\.nn|mmengine\.model|mmcv\.(cnn|transforms)|mmpretrain\.(datasets\.transforms|'
    r'models\.(backbones|classifiers\.image|heads|losses|necks|utils))|mmdet\.(datasets\.'
    r'transforms|models\.(backbones|data_preprocessors|dense_heads|detectors|layers|losses|necks|'
    r'task_modules|utils)))')
# Places of types that mmcv, our data preprocessor and our data sets look up themselves, or that are
# not built.
_OTHER = re.compile(r'model\.(test_cfg\.nms|data_preprocessor\.(\w+_geometry|color)\.\d+)|'
                    r'test_dataloader\.dataset(\.datasets?(\.\d+)?)*(\.source)?')


def config_text(cfg: Config) -> str:
    """A config as a Python literal, without paths of this machine and weights to begin with.

    Raises:
        ValueError: It contains something else than plain values.
    """
    kept = {key: value for key, value in cfg._cfg_dict.to_dict().items()
            if key in READ_KEYS and key not in _NOT_PUBLISHED}
    text = pprint.pformat(_published(kept), width=100, sort_dicts=False)
    try:
        ast.literal_eval(text)
    except ValueError as error:
        raise ValueError(f'config {cfg.filename}: cannot be published, it contains more than '
                         f'numbers, texts and groups of them: {error}') from error
    return text


def read_published(path: Path) -> tuple[Config, dict[str, Any]]:
    """The config of a published file, as far as a model and its inputs are built from it; its card.

    Raises:
        OSError: There is no such file.
        ValueError: It was not published, was published by a later version or changed since; or its
            config would build something else than a network and its inputs.
    """
    if digits := named_digits(path):
        check_sum(path, digits)
    found = read_checkpoint(path).get('meta', {}).get('published')
    if found is None:
        raise ValueError(f'{path}: contains no config, expected a file of publish_model.py; give '
                         'CONFIG CHECKPOINT, or RUN, the work dir of the training')
    if found['format'] != FORMAT:
        raise ValueError(f'{path}: was published in format {found["format"]}, expected {FORMAT}; '
                         'publish the model again, or use the version of this project that did')
    try:
        full = ast.literal_eval(found['config'])
        kept = dict(model=_published(full['model']), default_scope=full['default_scope'],
                    channels_last=full.get('channels_last', False),
                    test_dataloader=dict(dataset=full['test_dataloader']['dataset']))
        importlib.import_module(_PLUGINS[full['default_scope']])
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            MemoryError) as error:
        raise ValueError(f'{path}: its config is damaged ({type(error).__name__}: {error}); fetch '
                         'or publish it again') from error
    cfg = Config(kept, cfg_text=found['config'], filename=str(path))
    if strange := sorted({str(node['type']) for key, node in groups(kept) if node.get('type')
                          and not _OTHER.fullmatch(key) and not (
                              _is_built(str(node['type']))
                              and ':' not in str(node.get('model_name')))}):
        raise ValueError(f'{path}: rejected, its config names {some(strange)}, which is no network '
                         'or image transform that this collection uses and could run code; if '
                         'you trust its source, build the model from a config of your own')
    return cfg, found['card'] | dict(config_text=found['config'])


def _published(node: Any, key: str = '') -> Any:
    """Plain values, with the last part of each absolute path, and no weights to begin with."""
    if isinstance(node, Mapping):
        return {name: _published(value, name) for name, value in node.items()
                if name not in _WEIGHTS}
    if isinstance(node, list | tuple):
        return type(node)(_published(value) for value in node)
    return Path(node).name if isinstance(node, str) and Path(node).is_absolute() else node


def _is_built(kind: str) -> bool:
    """Whether a type is one that may be built; a name that is not registered would be imported."""
    scope, mark, name = kind.rpartition('.')
    if mark and scope not in (*_PLUGINS, 'mmengine', 'mmcv'):
        return False
    known = [one.module_dict[name] for root in (registry.MODELS, registry.TASK_UTILS,
                                                registry.TRANSFORMS)
             for one in (root, *root.children.values()) if name in one.module_dict]
    return any(_BUILT.match(f'{one.__module__}.') for one in known)
