from pathlib import Path

import pytest
from mmengine.config import Config

from plugins.engine.session import load_config
from tools.misc.print_config import main

REPO_ROOT = Path(__file__).resolve().parents[3]
CUT = str(REPO_ROOT / 'configs/densenet/densenet121-cut3-fc1024_finetune_1xb32-300e_mit8-256px.py')
VGG = str(REPO_ROOT / 'configs/vgg/vgg16-fc2048_frozen_1xb64-25e_cifar10-64px.py')


def test_what_is_printed_is_a_config_that_trains_the_same(tmp_path, capsys):
    text = main([VGG, '--cfg-options', 'train_cfg.max_epochs=7'])
    assert capsys.readouterr().out.rstrip() == text
    (tmp_path / 'again.py').write_text(text)
    again, cfg = Config.fromfile(tmp_path / 'again.py'), load_config(VGG)
    cfg.train_cfg.max_epochs = 7
    assert set(cfg) - set(again) == {'normalized', 'affine', 'jitter', 'resize_64px',
                                     'resize_224px', 'plain_64px', 'affine_64px', 'moves',
                                     'aug_a', 'aug_a_plus', 'aug_a_plus_64px'}
    assert all(again[key] == cfg[key] for key in again)


def test_the_leaf_s_own_changes_are_those_that_its_file_holds():
    assert main([CUT, '--diff-base']).splitlines() == [
        '~ model.head.mid_channels: [] -> [1024]',
        '~ model.head.dropouts: [0.0] -> [0.0, 0.0]']
    with_option = main([CUT, '--diff-base', '--cfg-options', 'randomness.seed=4'])
    assert '~ randomness.seed: 0 -> 4' in with_option.splitlines()
    names = [line.split()[1] for line in main([VGG, '--diff-base']).splitlines()
             if line[0] in '~+-']
    assert names and not any(name.startswith(('aug_', 'affine', 'plain')) for name in names)


def test_errors_are_the_project_s(tmp_path, capsys):
    with pytest.raises(ValueError, match='train_cfg.max_epoch.*nearest existing key'):
        main([CUT, '--cfg-options', 'train_cfg.max_epoch=3'])
    with pytest.raises(ValueError, match="expected a complete config"):
        main([str(REPO_ROOT / 'configs/_base_/models/vgg16.py')])
    (tmp_path / 'alone.py').write_text(main([CUT]))
    with pytest.raises(ValueError, match='alone.py: names no _base_'):
        main([str(tmp_path / 'alone.py'), '--diff-base'])
    with pytest.raises(SystemExit):
        main(['none.py'])
    assert 'none.py: no such config file' in capsys.readouterr().err
