"""Every row's config says what its report says: tests/recipes.py against the loaded configs."""
import ast
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from plugins.engine.files import REPO_ROOT
from tests.conftest import load_config
from tests.recipes import ROWS, Recipe

LOADERS = ('train', 'val', 'test')
PARTS = ('backbone', 'neck', 'head')


def configs() -> dict[str, Path]:
    """The leaf of each row, by its docstring."""
    paths = [p for p in (REPO_ROOT / 'configs').rglob('*.py')
             if not {'_base_', 'search'} & set(p.parts)]
    rows = [re.match(r'([A-E]\d+\+?): ', docstring(p)) for p in paths]
    return {row[1]: path for row, path in zip(rows, paths, strict=True) if row}


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text()))


CONFIGS = configs()


def plain(value: Any) -> Any:
    """Dicts and lists alone, so that a tuple equals a list."""
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def recipe(row: str) -> Recipe:
    """What a row's config says, in the words of recipes.py; what has no word there is `rest`."""
    cfg = load_config(CONFIGS[row])._cfg_dict.to_dict()
    model = cfg['model']
    found, rest = {}, {}
    for read in (training, images):
        told, left = read(cfg)
        found, rest = found | told, rest | left
    for read in (preprocessor, network, starts):
        told, left = read(model)
        found, rest = found | told, rest | left
    return found | {'rest': {key: value for key, value in rest.items() if value}}


def training(cfg: dict[str, Any]) -> tuple[Recipe, Recipe]:
    """Optimizer, schedule, and the hooks that are part of a recipe."""
    wrapper, hooks = dict(cfg['optim_wrapper']), cfg['default_hooks']
    kinds = [hook['type'] for hook in hooks.values()]
    stops = [hook for hook in hooks.values() if hook['type'] == 'EarlyStopHook']
    told = dict(
        optimizer=wrapper.pop('optimizer'), schedule=cfg['param_scheduler'],
        batch=cfg['train_dataloader']['batch_size'], epochs=cfg['train_cfg']['max_epochs'],
        best=hooks['checkpoint']['save_best'],
        stops={hook['monitor']: (hook.get('patience', 10), hook.get('min_delta', 0.))
               for hook in stops},
        phases=hooks.get('phases', {}).get('phases'),
        fit_normalization='FitNormalizationHook' in kinds)
    return told, dict(
        optim_wrapper=wrapper.pop('type') != 'OptimWrapper' or wrapper,
        rule=hooks['checkpoint']['rule'] != 'greater', custom_hooks=cfg.get('custom_hooks'),
        # the rate is the one of the batch that the row has
        auto_scale_lr=cfg.get('auto_scale_lr', {}).get('base_batch_size', told['batch'])
        - told['batch'])


def images(cfg: dict[str, Any]) -> tuple[Recipe, Recipe]:
    """Data sets; test and validation may have none of the source's options but training's."""
    datasets = [cfg[f'{loader}_dataloader']['dataset'] for loader in LOADERS]
    train, val, test = sources = [dict(dataset['source']) for dataset in datasets]
    told = dict(
        splits=[source.pop('split', None) for source in sources],
        parts=[dataset.get('part') for dataset in datasets],
        roots=(train['data_root'], test['data_root']), source=train['type'],
        classes=train.get('classes'), val_fraction=datasets[0]['val_fraction'])
    assert val['data_root'] == train['data_root'], 'validation is a part of the training files'
    options = [{key: value for key, value in source.items() if key != 'data_root'}
               for source in sources]
    told['source_options'] = {key: value for key, value in options[0].items()
                              if key not in ('type', 'classes')}
    return told, dict(
        val_fraction=datasets[1]['val_fraction'] != datasets[0]['val_fraction'],
        shuffled=[cfg[f'{loader}_dataloader']['sampler']['shuffle'] for loader in LOADERS]
        != [True, False, False],
        sources=[key for other in options[1:] for key, value in other.items()
                 if value != options[0].get(key)],
        classes=[other for other in options if other.get('classes') != told['classes']])


def preprocessor(model: dict[str, Any]) -> tuple[Recipe, Recipe]:
    """Input size, normalisation, augmentation."""
    defaults = dict(to_bgr=False, color=[], fill='nearest', train_geometry=[], eval_geometry=[])
    steps = defaults | model['data_preprocessor']
    rest = dict(preprocessor=steps.pop('type') != 'BatchDataPreprocessor')
    words = (*defaults, 'input_size', 'mean', 'std')
    return {word: steps.pop(word) for word in words}, rest | steps


def network(model: dict[str, Any]) -> tuple[Recipe, Recipe]:
    """Architecture, head, and what of them learns."""
    backbone, neck, head = ({key: value for key, value in (model.get(part) or {}).items()
                             if key != 'init_cfg'} for part in PARTS)
    norm = backbone.pop('norm_cfg', {})
    hidden = head.pop('mid_channels', ())
    told = dict(
        batch_norm=(norm.get('eps', 1e-5), norm.get('momentum', 0.1)),
        norm_eval=backbone.pop('norm_eval', False), backbone=backbone, neck=neck or None,
        widths=(head.pop('in_channels'), *hidden, head.pop('num_classes')),
        dropouts=head.pop('dropouts', (0.,)), output=head.pop('loss')['type'],
        head_norm=constants(head.pop('norm_cfg', None)),
        input_norm=constants(head.pop('in_norm_cfg', None)), trainable=model.get('trainable'))
    kind = head.pop('type')
    return told, dict(
        # one linear layer may be either
        head=kind != 'MLPClsHead' and (kind != 'LinearClsHead' or hidden),
        **head, model=set(model) - {*PARTS, 'type', 'data_preprocessor', 'trainable', 'init_cfg'},
        classifier=model['type'] != 'TransferClassifier')


def constants(norm: dict[str, Any] | None) -> tuple[float, float] | None:
    """Epsilon and momentum of a norm layer."""
    return norm and (norm.get('eps', 1e-5), norm.get('momentum', 0.1))


def starts(model: dict[str, Any]) -> tuple[Recipe, Recipe]:
    """Where weights come from, and how the other layers start."""
    weights, random, rest = {}, {}, {}
    for part, module in (('model', model), *((part, model.get(part) or {}) for part in PARTS)):
        given = module.get('init_cfg') or []
        for start in given if isinstance(given, list) else [given]:
            if start['type'] == 'Pretrained':
                weights[part] = start.pop('checkpoint'), start.pop('exclude', ())
                rest[part] = {key: value for key, value in start.items() if key != 'type'}
            else:
                layers = start['layer']
                random[part] = start | dict(layer=[layers] if isinstance(layers, str) else layers)
    return dict(weights=weights, random=random), rest


def test_every_row_with_a_classifier_has_a_recipe():
    detectors = {'A13', 'A14', 'A15', 'A16'}
    assert set(ROWS) == set(CONFIGS) - detectors
    assert len(ROWS) == 13 + 15 + 10 + 14 + 13


@pytest.mark.parametrize('row', ROWS)
def test_the_config_is_the_reports_recipe(row):
    assert plain(recipe(row)) == plain(ROWS[row] | {'rest': {}})
