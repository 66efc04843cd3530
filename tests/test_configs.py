"""Every leaf config: its form, what it trains, and that it runs on drawn data."""
import ast
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from plugins.engine.files import REPO_ROOT
from tests.conftest import load_config as load
from tools.misc.result_files import load_models, metafiles

CONFIGS = REPO_ROOT / 'configs'
# tests/test_search_configs.py has the searches
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if not {'_base_', 'search'} & set(p.parts))
# Rows of the reports that have a config; exactly one each. A15 is a table that A13's training
# prints, A17 a picture.
ROWS = ['A5+', *(f'A{n}' for n in (*range(1, 15), 16)), *(f'B{n}' for n in range(1, 16)),
        *(f'C{n}' for n in range(1, 11)), *(f'D{n}' for n in range(1, 15)),
        *(f'E{n}' for n in range(1, 14))]
# Networks that take more than a few seconds for two batches of two images.
HEAVY = ('yolov3_d53', 'vgg16', 'resnet', 'densenet121', 'alexnet', 'inception')
# By the metafiles, which tests/test_metafiles.py compares with the models: every worker of a test
# run collects this, and reading all configs takes it seconds.
FROZEN = [REPO_ROOT / model.config for path in metafiles(REPO_ROOT) for model in load_models(path)
          if model.trainable < model.parameters]


def name(path: Path) -> str:
    return str(path.relative_to(CONFIGS))


def is_slow(path: Path) -> bool:
    """Heavy networks, and rows that differ from another one by the data set alone."""
    return path.name.startswith(HEAVY) or 'cifar10-500' in path.name


def runs(paths: list[Path]) -> Any:
    """Parametrise a test that builds the networks."""
    return pytest.mark.parametrize('path', [
        pytest.param(p, marks=pytest.mark.slow if is_slow(p) else ())
        for p in paths], ids=name)


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_a_leaf_is_short_and_explains_itself(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 40
    docstring = ast.get_docstring(ast.parse(text))
    command = f'python tools/train.py configs/{name(path)}'
    assert command in ' '.join(docstring.split())  # it may take two lines
    assert '?' in docstring, 'the question that the experiment answers'


def test_base_names_are_unique():
    assert len({p.name for p in LEAVES}) == len(LEAVES)


def test_every_base_is_inherited():
    used = {(path.parent / base).resolve() for path in CONFIGS.rglob('*.py')
            for base in re.findall(r"'(\.{0,2}[\w./]+\.py)'", path.read_text())}
    assert not [path for path in (CONFIGS / '_base_').rglob('*.py') if path not in used]


def test_names_follow_the_grammar():
    grammar = re.compile(r'[a-z0-9-]+(_[a-z0-9-]+)+_\d+xb\d+-\d+e_[a-z0-9-]+-\d+(px|x\d+)\.py')
    # report C's name of the architecture has an underscore
    assert not [p.name for p in LEAVES
                if not grammar.fullmatch(p.name.replace('inception_v3', 'inception-v3'))]


def test_names_tell_batch_size_and_epochs():
    for path in LEAVES:
        cfg = load(path)
        batch, epochs = re.search(r'_1xb(\d+)-(\d+)e_', path.name).groups()
        assert cfg.train_dataloader.batch_size == int(batch), path.name
        assert cfg.train_cfg.max_epochs == int(epochs), path.name


def test_pipelines_of_the_test_data_say_what_their_sources_do():
    from plugins.classification.datasets import build_source
    for path in LEAVES:
        dataset = load(path).test_dataloader.dataset
        if dataset.type == 'ArrayDataset':
            does = build_source(dataset.source).pipeline
            assert [*map(dict, dataset.pipeline)] == does, path.name


def test_the_metafiles_know_which_rows_freeze_a_part():
    assert set(FROZEN) == {path for path in LEAVES if load(path).model.get('trainable')}


def test_every_row_has_exactly_one_config():
    docstrings = [ast.get_docstring(ast.parse(path.read_text())) for path in LEAVES]
    found = [row for text in docstrings for row in re.findall(r'\A([A-E]\d+\+?): ', text)]
    assert sorted(found) == sorted(ROWS)


@pytest.mark.parametrize('path', [p for p in LEAVES if 'cifar10-500' in p.name], ids=name)
def test_the_ladder_on_cifar10_differs_from_report_bs_in_data_and_batch_alone(path):
    [row] = path.parent.glob(re.sub(
        r'_1xb64-(\d+e)_cifar10-500', r'_1xb*-\1_cifar100-25', path.name))
    ours, row = deepcopy(load(path)), deepcopy(load(row))
    assert ours.model.head.num_classes == 10
    for cfg in (ours, row):
        cfg.model.head.num_classes = 0
        cfg.train_dataloader.batch_size = 0  # 64 throughout; B3 to B11 are assumed to have 32
        for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
            cfg[loader].dataset.source = None
    assert ours._cfg_dict == row._cfg_dict


@runs(FROZEN)
def test_a_frozen_row_trains_only_what_it_says(path):
    from mmengine.registry import MODELS, init_default_scope
    cfg = load(path)
    init_default_scope('mmpretrain')
    model = MODELS.build(deepcopy(cfg.model))
    parts = tuple(f'{pattern}.' for pattern in cfg.model.trainable)
    learning = {key for key, value in model.named_parameters() if value.requires_grad}
    assert learning == {key for key, _ in model.named_parameters() if key.startswith(parts)}
    assert 0 < len(learning) < len(list(model.parameters()))


@pytest.fixture(scope='module')
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data sets that the configs name, small."""
    from tools.dataset_converters.to_coco import main as to_coco
    from tools.misc.make_sample_data import main
    root = tmp_path_factory.mktemp('samples')
    main([str(root), '--kitti-width', '311', '--side', '48', '--species', '200',
          '--size', 'digits=200', 'cifar10=300', 'cifar100=1000', 'kitti=30', 'cub200=800',
          'flowers=250', 'mit8=640'])
    to_coco(['kitti', str(root / 'kitti'), '--classes', 'car=Car', '--out-dir',
             str(root / 'own/coco')])
    # D's test folder of one's own
    main([str(root / 'own'), '--sets', 'flowers', '--size', 'flowers=25', '--side', '48', '--seed',
          '1'])
    (root / 'own/flower_photos').rename(root / 'flowers_test')
    return root


def redirected(cfg: Any, samples: Path) -> list[str]:
    """--cfg-options that turn every data_root of the loaders to the samples."""
    options = []

    def visit(node: Any, path: str) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            if key == 'data_root':
                inside = Path(value).relative_to('data')
                inside = inside.relative_to('sample') if inside.parts[0] == 'sample' else inside
                options.append(f'{path}{key}={samples / inside}')
            elif isinstance(value, dict | list):
                visit(value, f'{path}{key}.')
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        visit(cfg[loader], f'{loader}.')
    return options


def without_weights(cfg: Any) -> list[str]:
    """--cfg-options for a random start: the weights are files that only a user has."""
    return [f'model.{part}init_cfg=None'
            for part, module in (('', cfg.model), ('backbone.', cfg.model.backbone))
            if 'Pretrained' in str(module.get('init_cfg'))]


@runs(LEAVES)
def test_fast_dev_run(path, samples):
    from tools.train import main
    cfg = load(path)
    options = redirected(cfg._cfg_dict.to_dict(), samples)
    assert options
    if not path.name.startswith('basenet'):
        options += [f'{part}_dataloader.batch_size=2' for part in ('train', 'val', 'test')]
    result = main([str(path), '--fast-dev-run', '--cfg-options', *options, *without_weights(cfg)])
    assert result['metrics'] and result['epochs'] == 1
