"""What READMEs, docstrings and errors advise to type: the tools take it, and configs have the keys.

Commands are parsed by their tool, and their --cfg-options merged into the config that they name:
to run them takes data and hours. quickstart.sh runs the chain of them.
"""
import argparse
import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.engine.config_keys import READ_KEYS
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config
from tests.conftest import DIGITS
from tools import dist_run

FLOWERS = 'configs/mobilenet_v2/mobilenetv2_frozen_1xb64-5e_flowers-96px.py'
SOURCES = sorted(path for folder in ('plugins', 'tools')
                 for path in REPO_ROOT.glob(f'{folder}/**/*.py'))
# Options in strings of ours: of pip, git and sbatch, and two that make_sample_data.py composes.
FOREIGN = {'--no-build-isolation', '--no-cache-dir', '--force-reinstall', '--no-deps', '--always',
           '--dirty', '--abbrev', '--exclude', '--kitti-width', '--side', '--wait', '--job-name',
           '--gres', '--ntasks', '--array', '--cpus-per-task', '--output', '--wrap'}
PLACES = {'CONFIG': DIGITS, 'ARCH': 'vgg16'}


class Parsed(Exception):
    """The parser of a tool took a command; the argument is what it found."""


def strings(path):
    """The string constants of a module, without formatted values."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def texts():
    """Where commands stand: READMEs, and docstrings of configs and tools."""
    for path in sorted(REPO_ROOT.glob('**/README.md')):
        if 'work_dirs' not in path.parts and '.venv' not in path.parts:
            yield path, path.read_text()
    for path in [*sorted(REPO_ROOT.glob('configs/**/*.py')), *SOURCES]:
        yield path, ast.get_docstring(ast.parse(path.read_text())) or ''


def commands():
    found = {}
    for path, text in texts():
        joined = re.sub(r'\s*\\\n\s*| +(?=configs/|--)', ' ', text)
        joined = re.sub(r'\[(--[\w-]+)\]', r'\1', joined)  # an option in a usage
        lines = re.findall(r'^\s*(?:PYTHONPATH=\S+ )?python (tools/\S+\.py.*?)(?: {2,}|$)',
                           joined, re.M)
        lines += [f'tools/{line}' for line in re.findall(r'`((?:train|test)\.py [^`]+)`', joined)]
        for line in lines:
            found.setdefault(line, path.relative_to(REPO_ROOT).as_posix())
    return [pytest.param(line, id=f'{where}: {line[:60]}') for line, where in found.items()]


@pytest.mark.parametrize('command', commands())
def test_a_command_is_taken_by_its_tool_and_its_options_by_its_config(
        command, digits_run, tmp_path, monkeypatch):
    tool, *argv = shlex.split(command.replace('...', ''), comments=True)
    monkeypatch.chdir(tmp_path)
    argv = [PLACES.get(word, word) for word in argv]
    for place, word in enumerate(argv):
        if word in ('RUN', 'WORK_DIR') or word.endswith('/seed0'):
            argv[place] = str(digits_run)
        elif not (word.startswith('-') or '=' in word or Path(REPO_ROOT, word).exists()):
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch()  # a file of the user's, or the value of an option
    parse = argparse.ArgumentParser.parse_args, argparse.ArgumentParser.parse_intermixed_args
    for one in parse:
        def stop(self, *args, one=one):
            raise Parsed(one(self, *args))
        monkeypatch.setattr(argparse.ArgumentParser, one.__name__, stop)
    with pytest.raises(Parsed) as parsed:
        importlib.import_module(tool.removesuffix('.py').replace('/', '.')).main(argv)
    args = parsed.value.args[0]
    if options := getattr(args, 'cfg_options', None):
        load_config(str(args.config), options)


def scripts():
    """What READMEs, docstrings and usages type to start several processes."""
    found = {line for _, text in texts() for line in re.findall(
        r'`((?:[A-Z_]+=\S+ )*tools/(?:dist|slurm)_\w+\.sh [^`]+)`', text)}
    assert len(found) > 4
    return sorted(found)


@pytest.mark.parametrize('command', scripts())
def test_a_command_for_several_processes_starts_the_tool_that_takes_it(
        command, digits_run, tmp_path, monkeypatch):
    """Slurm's srun and, for the others, Python are stand-ins that say what they were given."""
    (tmp_path / 'bin').mkdir()
    for name in ('srun', 'python'):
        (tmp_path / 'bin' / name).write_text('#!/bin/sh\n[ "$1" = -c ] || printf "%s\\n" "$@"\n')
        (tmp_path / 'bin' / name).chmod(0o755)
    replaced = PLACES | dict(RUN=str(digits_run), CHECKPOINT=str(next(digits_run.glob('best_*'))))
    typed = ' '.join(replaced.get(word, word) for word in command.split())
    place = dict(VENV=str(tmp_path), PATH=f'{tmp_path}/bin:{os.environ["PATH"]}')
    given = subprocess.run(typed, shell=True, cwd=REPO_ROOT, check=True, capture_output=True,
                           text=True, env=os.environ | place).stdout.splitlines()
    if 'slurm' in command:
        place = next(place for place, word in enumerate(given) if word.endswith('.py'))
        tool = Path(given[place]).stem
        importlib.import_module(f'tools.{tool}').parse_args(given[place + 1:])
        assert tool in command
        return
    monkeypatch.setattr(sys, 'argv', [*sys.argv])
    monkeypatch.setattr(dist_run, 'launch', lambda script, count: (script, count))
    for variable in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', dist_run.TYPED):
        monkeypatch.setenv(variable, '1')
    script, count = dist_run.main(given[1:])
    assert count == 2 and Path(script[0]).stem in command


def test_flags_in_messages_are_options_of_a_tool():
    known, named = set(FOREIGN), {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, 'attr', '') == 'add_argument':
                known |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
        for text in strings(path):
            named |= dict.fromkeys(re.findall(r'(?<![\w-])--[a-z][a-z_-]+', text), path.name)
    assert len(named) > 40
    assert {flag: where for flag, where in named.items() if flag not in known} == {}


def test_no_tool_reads_an_abbreviated_option():
    parsers = [path.name for path in SOURCES for found in re.findall(
        r'ArgumentParser\(', path.read_text()) if path.name != 'command_line.py']
    assert parsers == [], 'use plugins.engine.command_line.Parser'


def test_tools_in_messages_are_there():
    named = {name for path in SOURCES for text in strings(path)
             for name in re.findall(r'\btools/[\w/]+\.(?:py|sh)', text)}
    assert len(named) > 15
    assert [name for name in sorted(named) if not (REPO_ROOT / name).is_file()] == []


def advised():
    """Options such as ``default_hooks.x.enabled=False`` in strings that a user may read."""
    keys = '|'.join(sorted(READ_KEYS))
    option = re.compile(rf'(?<![\w.])\+?(?:{keys})(?:\.\w+)+=(?:[\w.]*\w|{{[^}}]*}})')
    places = [(path, text) for path in SOURCES for text in strings(path)]
    return sorted({found for path, text in [*places, *texts()] for found in option.findall(text)})


@pytest.mark.parametrize('option', advised())
def test_an_option_that_a_message_advises_is_taken(option):
    configs = [DIGITS, FLOWERS, 'configs/vgg/vgg16_scratch_1xb128-30e_cifar10-224px.py',
               'configs/yolov3/yolov3_d53_coco_1xb6-200e_kitti-car-416px.py',
               'configs/resnet/resnet50-512-1024x2_new3_1xb32-100e_flowers-224px.py']
    faults = []
    for config in configs:
        try:
            load_config(str(REPO_ROOT / config), [option])
            return
        except ValueError as error:
            faults.append(str(error))
    pytest.fail('; '.join(faults))
