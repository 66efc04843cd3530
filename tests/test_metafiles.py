"""metafile.yml of every family: each config once, reported figures and parameters that are true."""
import ast
import re
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from plugins.engine.files import REPO_ROOT
from tests.conftest import load_config
from tools.misc.result_files import Model, load_models, metafiles

CONFIGS = REPO_ROOT / 'configs'
NO_FAMILY = ('_base_', 'search')  # a search is no model
LEAVES = sorted(p for p in CONFIGS.rglob('*.py') if not set(NO_FAMILY) & set(p.parts))
METAFILES = metafiles(REPO_ROOT)
# An entry whose metafile is missing has no models here; test_the_index_is_complete names it.
ENTRIES = [model for path in METAFILES if path.is_file() for model in load_models(path)]
every_entry = pytest.mark.parametrize('entry', ENTRIES, ids=[entry.name for entry in ENTRIES])


def docstring(entry: Model) -> str:
    return ast.get_docstring(ast.parse((REPO_ROOT / entry.config).read_text()))


def reported_lines(entry: Model) -> str:
    """What stands between `Reported` and `Assumed`, or the paragraph's end."""
    found = re.search(r'^Reported.*?(?=^Assumed|^\n|\Z)', docstring(entry), re.M | re.S)
    return found[0] if found else ''


def reported(entry: Model) -> Iterator[tuple[str, str]]:
    """Name and figure of every metric, as text."""
    for result in entry.results:
        yield from result['Metrics'].items()


def test_the_index_is_complete():
    families = {p.name for p in CONFIGS.iterdir() if p.is_dir() and p.name not in NO_FAMILY}
    assert [path.parent.name for path in METAFILES] == sorted(families)
    assert not [path for path in METAFILES if not path.is_file()]


def test_upstreams_reader_finds_nothing_wrong(monkeypatch):
    # The library by which mim and mmpretrain read these files.
    reader = pytest.importorskip('modelindex.load_model_index')
    monkeypatch.chdir(REPO_ROOT)
    found = reader.load('model-index.yml').check(silent=True)
    # OpenMMLab writes a README's path from the root, this reader looks from the metafile.
    readme = re.compile(r'Path to README file configs/\w+/README.md')
    assert not [line for line in found if not readme.search(line)]


def test_every_config_has_exactly_one_entry():
    found = Counter(entry.config for entry in ENTRIES)
    assert found == Counter(str(path.relative_to(REPO_ROOT)) for path in LEAVES)


@pytest.mark.parametrize('metafile', METAFILES, ids=lambda path: path.parent.name)
def test_a_family_keeps_to_its_folder(metafile):
    assert metafile.with_name('README.md').is_file()
    assert {Path(model.config).parent for model in load_models(metafile)} <= {
        metafile.parent.relative_to(REPO_ROOT)}


@pytest.mark.parametrize('metafile', METAFILES, ids=lambda path: path.parent.name)
def test_a_readme_names_no_file_that_is_not_there(metafile):
    text = metafile.with_name('README.md').read_text()
    commands = re.findall(r'(?:configs|tools)/[\w./-]+\.(?:py|sh)', text)
    links = [metafile.parent / link for link in re.findall(r'\]\((?!http)([^)]+)\)', text)]
    assert commands
    assert not [path for path in map(REPO_ROOT.joinpath, commands + links) if not path.exists()]


def test_names_are_base_names():
    assert [entry.name for entry in ENTRIES] == [Path(entry.config).stem for entry in ENTRIES]
    assert len({entry.name.lower() for entry in ENTRIES}) == len(ENTRIES)
    assert all(entry.name.islower() for entry in ENTRIES)


@every_entry
def test_the_row_is_the_docstrings(entry):
    assert entry.row == ''.join(re.findall(r'\A([A-E]\d+\+?): ', docstring(entry)))


@every_entry
def test_a_row_has_a_reported_figure_and_nothing_else_has(entry):
    # A5+ and A16 are steps that a report proposes and never took.
    assert bool(list(reported(entry))) == (entry.row not in ('', 'A5+', 'A16'))


@every_entry
def test_reported_figures_stand_in_the_docstring(entry):
    figures = {float(text) for text in re.findall(r'\d*\.?\d+', reported_lines(entry))}
    missing = {name: value for name, value in reported(entry) if float(value) not in figures}
    assert not missing


@pytest.fixture
def no_memory(monkeypatch):
    """Parameters get a shape and no values: a gigabyte of VGG16 is built in no time."""
    # Not `torch.device('meta')`: some constructors compute with values (DropPath's rates).
    register = nn.Module.register_parameter

    def without_values(module, name, parameter):
        if parameter is not None:
            parameter = nn.Parameter(parameter.to('meta'), requires_grad=parameter.requires_grad)
        register(module, name, parameter)
    monkeypatch.setattr(nn.Module, 'register_parameter', without_values)


@every_entry
def test_parameters_are_the_models(entry, no_memory):
    cfg = load_config(REPO_ROOT / entry.config)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        parameters = list(MODELS.build(deepcopy(cfg.model)).parameters())
    assert entry.parameters == sum(p.numel() for p in parameters)
    assert entry.trainable == sum(p.numel() for p in parameters if p.requires_grad)
