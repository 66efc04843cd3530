"""What the README says exists, and its figures are those of the committed measurements."""
import importlib.util
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from plugins.engine.files import REPO_ROOT

README = (REPO_ROOT / 'README.md').read_text()
SPEED = (REPO_ROOT / 'tools/benchmarks/README.md').read_text()
MEASURED = REPO_ROOT / 'tools/benchmarks/measured'
# Rows of the table of steps: suite and case of each.
STEPS = {'BaseNet': ('classification', 'basenet-32px'),
         'ResNet18, 64': ('classification', 'resnet18-64px'),
         'ResNet18, 224': ('classification', 'resnet18-224px'),
         'YOLOv3-MobileNetV2': ('detection', 'mobilenetv2-640x192'),
         'YOLOv3-Darknet-53': ('detection', 'darknet53-640x192')}


def test_files_and_folders_that_are_named_are_there():
    named = set(re.findall(r'\b((?:tools|configs|plugins|tests)/[\w./-]*[\w/])', README))
    named |= set(re.findall(r'\]\(([^):#]+)\)', README))
    assert len(named) > 30
    assert [path for path in sorted(named) if not (REPO_ROOT / path).exists()] == []


def test_the_lines_of_python(digits_run, digits_root):
    block = re.search(r'```python\n(from plugins.apis.*?)```', README, re.S)[1]
    assert len(block.splitlines()) == 3
    lines = re.sub("'picture.jpg'", repr(str(digits_root / 'test/3')), re.sub(
        "'work_dirs.*?'", f'{str(digits_run)!r}, trust=True', block)).splitlines()
    names = {}
    exec('\n'.join(lines[:2]), names)
    predictions = eval(lines[2], names)
    assert {one['class'] for one in predictions} <= set(names['model'].classes)
    assert names['model'].features(digits_root / 'test/3').shape == (len(predictions), 1024)


def test_the_lines_for_mmpretrains_hub(classifier, monkeypatch):
    monkeypatch.chdir(REPO_ROOT)
    monkeypatch.syspath_prepend(REPO_ROOT)
    lines = re.search(r'```python\n(from mmpretrain.apis.*?)```', README, re.S)[1].replace(
        'FILE.pth', str(classifier)).splitlines()
    names = {}
    exec('\n'.join(lines[:2]), names)
    assert len(eval(lines[2], names)) > 20
    saved = torch.load(classifier)['state_dict']
    assert all(torch.equal(value, saved[name])
               for name, value in eval(lines[3], names).state_dict().items())


@pytest.mark.slow
def test_another_repository_trains_with_mmpretrains_tool(digits_options, tmp_path):
    block = re.search(r'```python\n(# config.py\n.*?)```', README, re.S)[1]
    (tmp_path / 'config.py').write_text(block.replace('/path/to/MMTransfer', str(REPO_ROOT)))
    typed = re.search(r'^PYTHONPATH=\S+ python (tools/train.py config.py.*)$', README, re.M)[1]
    mmpretrain = Path(importlib.util.find_spec('mmpretrain').submodule_search_locations[0])
    (tmp_path / 'tools').symlink_to(mmpretrain / '.mim/tools')
    done = subprocess.run(
        [sys.executable, *typed.split(), '--cfg-options', 'train_cfg.max_epochs=1',
         *(option.removeprefix('+') for option in digits_options)], cwd=tmp_path, text=True,
        capture_output=True, env=dict(os.environ, PYTHONPATH=str(REPO_ROOT)))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / 'work_dirs/config/epoch_1.pth').is_file()
    trained = Config.fromfile(tmp_path / 'work_dirs/config/config.py', import_custom_modules=False)
    assert trained.optim_wrapper.optimizer.lr == 3e-4


@pytest.mark.slow
@pytest.mark.skipif(not (REPO_ROOT / '.git').exists(), reason='cloned by git')
def test_the_cell_of_a_notebook_runs_and_runs_again(tmp_path):
    """In a clone of what is committed; pip, whose packages are there, does nothing."""
    cell = re.search(r'```bash\n%%bash\n(.*?)```', README, re.S)[1].replace(
        'ADDRESS', shlex.quote(str(REPO_ROOT)))
    (tmp_path / 'bin').mkdir()
    (tmp_path / 'bin/pip').write_text('#!/bin/sh\n')
    (tmp_path / 'bin/pip').chmod(0o755)
    path = f'{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ["PATH"]}'
    for told in ('training from the beginning', 'The run is finished: 20 epochs'):
        done = subprocess.run(['bash'], input=cell, cwd=tmp_path, text=True, capture_output=True,
                              env=dict(os.environ, PATH=path))
        assert done.returncode == 0, done.stderr
        assert told in done.stdout and 'test accuracy/top1' in done.stdout


def cases(suite):
    """The cases of a committed record by name."""
    record = json.loads((MEASURED / f'{suite}.json').read_text())
    assert not record['quick']
    return {case['name']: case for case in record['cases']}


@pytest.mark.parametrize('row', STEPS)
def test_speeds_are_those_that_were_measured(row):
    suite, name = STEPS[row]
    variants = cases(suite)[name]['variants']
    ours, bare = variants['ours']['median'], variants['bare']['median']
    stock = min(one['median'] for key, one in variants.items() if key.startswith('stock'))
    cells = re.search(rf'^\| {re.escape(row)}.*\|$', SPEED, re.M)[0].split('|')[2:-1]
    told = [float(cell.replace(' ', '').replace('\u00a0', '')) for cell in cells]
    for number, seconds in zip(told[:3], (ours, stock, bare), strict=True):
        assert number == pytest.approx(seconds * 1000, rel=0.005)
    assert told[3] == pytest.approx(stock / ours, abs=0.006)


def test_the_other_figures_are_those_that_were_measured():
    def told(pattern, text=SPEED):
        return [float(n) for n in re.search(pattern, ' '.join(text.split())).groups()]

    def medians(suite, case):
        return [variant['median'] for variant in cases(suite)[case]['variants'].values()]
    cached, uncached = medians('frozen', 'mobilenetv2-96px')
    assert told(r'took (\S+) s in place of (\S+) s,') == [round(cached), round(uncached)]
    assert told(r'which makes 25 epochs (\S+) times', README) == [round(uncached / cached)]
    ours, *stock, _ = medians('classification', 'basenet-32px')
    assert told(r'BaseNet trains (\S+) times as fast', README) == [round(min(stock) / ours, 1)]
    assert told(r'comes (\S+) s after the start of a classifier, (\S+) s of a detector') == [
        round(medians('startup', kind)[0], 1) for kind in ('classifier', 'detector')]
    small, medium, large = medians('data', 'images')
    assert told(r'takes (\S+) ms, (\S+) s and (\S+) s for') == [
        round(1000 * small), round(medium, 2), round(large, 1)]
    assert told(r'(\S+), (\S+) and (\S+) ms for 10, 100 and 1 000 objects') == [
        round(1000 * seconds) for seconds in medians('data', 'boxes, head')]
