import pytest

from plugins.paths import REPO_ROOT
from plugins.report.config_diff import Change, changes, config_difference, read_resolved
from tests.plugins.report.runs import CONFIG


def test_a_run_is_what_its_leaf_and_its_options_add(tmp_path):
    from mmengine.config import Config
    cfg = Config.fromfile(REPO_ROOT / CONFIG)
    cfg.merge_from_dict({'train_cfg.max_epochs': 77, 'work_dir': 'x'})
    cfg.dump(tmp_path / CONFIG.rpartition('/')[2])
    found = config_difference(tmp_path, CONFIG)
    assert any('mobilenet_v2' in base for base in found.bases)
    told = {change.key: change for change in found.changes}
    assert told['train_cfg.max_epochs'].own == '77' and 'work_dir' not in told
    assert told['model.trainable'].own == "['head']"  # what the leaf is about
    assert not any(key.startswith('model.backbone.type') for key in told)


def test_of_a_pipeline_only_the_other_steps_are_told():
    base = dict(pipeline=[dict(type='Load'), dict(type='Flip', prob=0.5), dict(type='Pack')],
                a=(1,))
    own = dict(pipeline=[dict(type='Load'), dict(type='Pad'), dict(type='Pack')], a=[1], b='<i>')
    assert list(changes(base, own)) == [
        Change('pipeline.1', 'Flip(prob=0.5)', 'Pad()'), Change('b', None, "'<i>'")]
    assert list(changes(own, own)) == []


def test_a_resolved_config_is_read_and_not_run(tmp_path):
    path = tmp_path / 'c.py'
    path.write_text("'''A docstring.'''\na = dict(b=[dict(c=-1.5), None], d=('x', ))\ne = inf\n")
    assert read_resolved(path) == dict(a=dict(b=[dict(c=-1.5), None], d=('x',)), e=float('inf'))
    path.write_text(f"import os\nos.mkdir('{tmp_path}/made')\n")
    with pytest.raises(ValueError, match='c.py: not a resolved config'):
        read_resolved(path)
    path.write_text(f"a = __import__('os').mkdir('{tmp_path}/made')\n")
    with pytest.raises(ValueError, match='c.py: not a resolved config'):
        read_resolved(path)
    assert not (tmp_path / 'made').exists()


def test_what_is_missing_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='mit8-96px.py: no such file'):
        config_difference(tmp_path, CONFIG)
    lone = tmp_path / 'lone.py'
    lone.write_text('a = 1\n')
    with pytest.raises(ValueError, match='inherits nothing'):
        config_difference(tmp_path, str(lone))
