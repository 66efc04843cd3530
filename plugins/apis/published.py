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
from plugins.engine.downloads import check_sum
from plugins.engine.wording import some
from plugins.engine.zoo import named_digits

from .load import evaluated_data

FORMAT = 1
_PLUGINS = {'mmpretrain': 'plugins.classification', 'mmdet': 'plugins.detection'}
_NOT_PUBLISHED = ('work_dir', 'load_from', 'resume', 'launcher', 'experiment_name')
_OTHER = 'mmpretrain.'  # before a detector's type that is a classifier's
# Keys of a model that name weights to begin with.
_WEIGHTS = ('init_cfg', 'pretrained', 'checkpoint_path')
# Upstream's types that may be built: those in this collection's configs. They may be called with
# any arguments, and upstream has classes that read, fetch or evaluate what these say.
_TYPES = frozenset((
    'AlexNet', 'Conv2dAdaptivePadding', 'CrossEntropyLoss', 'Darknet', 'DenseNet',
    'DetDataPreprocessor', 'GlobalAveragePooling', 'LinearClsHead', 'LoadAnnotations',
    'LoadImageFromFile', 'MSELoss', 'MobileNetV2', 'PackDetInputs', 'PackInputs', 'Pad', 'ResNet',
    'Resize', 'TIMMBackbone', 'VGG', 'YOLOBBoxCoder', 'YOLOV3', 'YOLOV3Neck'))
# Places of types that our data preprocessor and sources look up in tables of their own.
_OWN = re.compile(r'model\.data_preprocessor\.(\w+_geometry|color)\.\d+|'
                  r'test_dataloader\.dataset\.source')


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


def read_published(path: Path) -> tuple[Config, dict[str, Any], dict[str, Any]]:
    """The config of a published file, as far as a model is built from it; its card; its content.

    Raises:
        OSError: There is no such file.
        ValueError: It was not published, was published by a later version or changed since; or its
            config would build something else than a network and its inputs.
    """
    if digits := named_digits(path):
        check_sum(path, digits)
    content = read_checkpoint(path)
    meta = content.get('meta', {})
    found = meta.get('published')
    if not (found and meta.get('dataset_meta', {}).get('classes')):
        raise ValueError(f'{path}: contains no config and classes, expected a file of '
                         'publish_model.py; give CONFIG CHECKPOINT, or RUN, the work dir of the '
                         'training')
    if found['format'] != FORMAT:
        raise ValueError(f'{path}: was published in format {found["format"]}, expected {FORMAT}; '
                         'publish the model again, or use the version of this project that did')
    try:
        full = ast.literal_eval(found['config'])
        data = evaluated_data(Config(full), 'source', 'pipeline')
        kept = dict(model=_published(full['model']), default_scope=full['default_scope'],
                    channels_last=full.get('channels_last'), test_dataloader=dict(
                        dataset={key: data[key] for key in ('source', 'pipeline') if key in data}))
        for scope in {full['default_scope'], *(['mmpretrain'] if _OTHER in str(kept) else [])}:
            importlib.import_module(_PLUGINS[scope])
        if 'type' not in kept['model']:
            raise ValueError('its model has no type')
    except (SyntaxError, ValueError, KeyError, TypeError, AttributeError, RecursionError,
            MemoryError) as error:
        raise ValueError(f'{path}: its config is damaged ({type(error).__name__}: {error}); fetch '
                         'or publish it again') from error
    cfg = Config(kept, cfg_text=found['config'], filename=str(path))
    if strange := sorted({str(node['type']) for key, node in groups(kept) if 'type' in node
                          and not _OWN.fullmatch(key) and not _is_built(key, node)}):
        raise ValueError(f'{path}: rejected, its config names {some(strange)}, which no config of '
                         'this collection does and which could run code; if you trust its source, '
                         'build the model from a config of your own')
    return cfg, found['card'] | dict(config_text=found['config']), content


def _published(node: Any) -> Any:
    """Plain values, with the last part of each absolute path, and no weights to begin with."""
    if isinstance(node, Mapping):
        return {name: _published(value) for name, value in node.items()
                if name not in _WEIGHTS}
    if isinstance(node, list | tuple):
        return type(node)(_published(value) for value in node)
    return Path(node).name if isinstance(node, str) and Path(node).is_absolute() else node


def _is_built(key: str, node: Mapping[str, Any]) -> bool:
    """Whether a group may be built; mmengine imports, and mmcv evaluates, unknown names."""
    kind = str(node['type']).removeprefix(_OTHER)
    if '_scope_' in node:
        return False  # mmengine imports it
    if key == 'model.test_cfg.nms':
        return kind == 'nms'
    if kind == 'TIMMBackbone' and not (
            node.keys() <= {'type', 'model_name', 'features_only', 'out_indices'}
            and str(node.get('model_name')).isidentifier()):
        return False  # it looks other names up, or fetches them
    known = [one.module_dict[kind] for root in (
        registry.MODELS, registry.TASK_UTILS, registry.TRANSFORMS)
        for one in (root, *root.children.values()) if kind in one.module_dict]
    return bool(known) and (kind in _TYPES or all(
        one.__module__.startswith(('plugins.', 'torch.nn.')) for one in known))
