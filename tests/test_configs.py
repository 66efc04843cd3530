"""Every leaf config: its form, and that it trains, validates and tests on drawn data."""
import ast
import re
from pathlib import Path
from typing import Any

import pytest
from mmengine.config import Config

from plugins.paths import REPO_ROOT

CONFIGS = REPO_ROOT / 'configs'
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if '_base_' not in p.parts)
# Rows of the reports that have a config; exactly one each.
ROWS = ['A13', 'B1', 'B2', 'B11']
HEAVY = ('yolov3_d53',)


def name(path: Path) -> str:
    return str(path.relative_to(CONFIGS))


@pytest.mark.parametrize('path', LEAVES, ids=name)
def test_a_leaf_is_short_and_explains_itself(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 40
    docstring = ast.get_docstring(ast.parse(text))
    assert f'python tools/train.py configs/{name(path)}' in docstring
    assert '?' in docstring, 'the question that the experiment answers'


def test_base_names_are_unique():
    assert len({p.name for p in LEAVES}) == len(LEAVES)


def test_names_follow_the_grammar():
    grammar = re.compile(r'[a-z0-9-]+(_[a-z0-9-]+)+_\d+xb\d+-\d+e_[a-z0-9-]+-\d+(px|x\d+)\.py')
    assert not [p.name for p in LEAVES if not grammar.fullmatch(p.name)]


def test_every_row_has_exactly_one_config():
    docstrings = [ast.get_docstring(ast.parse(path.read_text())) for path in LEAVES]
    found = [row for text in docstrings for row in re.findall(r'\A([A-E]\d+): ', text)]
    assert sorted(found) == sorted(ROWS)


@pytest.fixture(scope='module')
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data sets that the configs name, small."""
    from tools.misc.make_sample_data import main
    root = tmp_path_factory.mktemp('samples')
    main([str(root), '--sets', 'digits', 'cifar10', 'cifar100', 'kitti', '--kitti-width', '311',
          '--size', 'digits=200', 'cifar10=300', 'cifar100=1000', 'kitti=30'])
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


@pytest.mark.parametrize('path', [
    pytest.param(p, marks=pytest.mark.slow if p.name.startswith(HEAVY) else ()) for p in LEAVES],
    ids=name)
def test_fast_dev_run(path, samples):
    from tools.train import main
    cfg = Config.fromfile(path)
    options = redirected(cfg._cfg_dict.to_dict(), samples)
    assert options
    if cfg.model.backbone.get('init_cfg'):  # weights from a file that only a user has
        options.append('model.backbone.init_cfg=None')
    result = main([str(path), '--fast-dev-run', '--cfg-options', *options])
    assert result['metrics'] and result['epochs'] == 1
