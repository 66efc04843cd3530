import pytest

from plugins.engine.files import REPO_ROOT
from plugins.report.resolved_config import check_not_foreign, config_difference, read_resolved
from tests.plugins.report.runs import CONFIG


def test_a_run_is_what_its_leaf_and_its_options_add(tmp_path):
    from mmengine.config import Config
    cfg = Config.fromfile(REPO_ROOT / CONFIG)
    cfg.merge_from_dict({'train_cfg.max_epochs': 77, 'work_dir': 'x', 'randomness.seed': 5})
    cfg.dump(tmp_path / CONFIG.rpartition('/')[2])
    found = config_difference(tmp_path, CONFIG)
    assert any('mobilenet_v2' in base for base in found.bases)
    told = {change.key: change for change in found.changes}
    assert told['train_cfg.max_epochs'].own == '77'
    assert told['model.trainable'].own == "['head']"  # what the leaf is about
    assert not {'work_dir', 'randomness.seed'} & set(told)
    assert not any(key.startswith('model.backbone.type') for key in told)


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
    with pytest.raises(FileNotFoundError, match='gone.py: no such file'):
        config_difference(tmp_path, str(tmp_path / 'gone.py'))


@pytest.mark.parametrize('text, message', [
    ("_base_ = '../../base.py'\nmodel = dict(depth=3)\n", None),  # as a search writes its trials
    ("_base_ = '../../base.py'\nimport os\n", 'leaf.py: not a resolved config'),
    ("_base_ = '../base.py'\n", 'base.py: the base of .*leaf.py lies in a folder of runs'),
    ("_base_ = ['../link.py']\n", 'base.py: the base of .*leaf.py lies in a folder of runs'),
    ("a = '{{$HOME:x}}'\n", 'leaf.py: lies in a folder of runs and has a {{ }}')])
def test_a_config_in_a_work_dir_is_values_on_a_base_outside(text, message, tmp_path):
    runs = tmp_path / 'runs'
    (runs / 'trials').mkdir(parents=True)
    (runs / 'link.py').symlink_to(runs / 'base.py')
    for path in (tmp_path / 'base.py', runs / 'base.py'):
        path.write_text('a = 1\n')
    (runs / 'trials/leaf.py').write_text(text)
    if message is None:
        check_not_foreign(str(runs / 'trials/leaf.py'), [runs])
        return
    with pytest.raises(ValueError, match=message):
        check_not_foreign(str(runs / 'trials/leaf.py'), [tmp_path / 'elsewhere', runs])
    check_not_foreign(str(runs / 'trials/leaf.py'), [tmp_path / 'elsewhere'])  # the user's own


def test_the_collections_own_configs_are_not_foreign():
    check_not_foreign(CONFIG, [REPO_ROOT])
