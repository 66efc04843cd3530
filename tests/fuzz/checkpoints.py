"""Checkpoints: their structure, their tensors and their bytes, for every tool that loads one."""
import shutil
from pathlib import Path
from random import Random
from typing import Any

import torch

from tests.conftest import DIGITS
from tests.fuzz.attempt import Attempt, Setting, kind
from tests.fuzz.mutators import VALUES, changed, flipped

_NEW = (*VALUES, torch.zeros(2, 3), torch.zeros(0), torch.full((10,), float('nan')),
        torch.ones(10, dtype=torch.int64), torch.ones(10, dtype=torch.complex64), {1: 2}, (1,),
        b'x')
# Not mutated: a run's own memory, which only --resume of a file of one's own reads; nor weights for
# load_from, which upstream leaves out with a warning where they do not fit.
_AS_IS = ('position', 'run_history', 'resumed_keys')


def _used(setting: Setting, how: str, path: Path) -> Any:
    """Use a checkpoint, and return the result, which must not depend on a harmless change."""
    from plugins.apis.load import load_trained
    from plugins.engine.checkpoint import read_checkpoint
    from plugins.engine.session import load_config
    from tools import test, train

    options = setting.made['digits_options']
    if how == 'predict':
        state = load_trained(load_config(DIGITS, options), path, 'cpu').model.state_dict()
        return {key: value.tolist() for key, value in state.items()}
    work_dir = setting.folder / 'work'
    shutil.rmtree(work_dir, ignore_errors=True)
    if how == 'test':
        result = test.main([DIGITS, str(path), '--work-dir', str(work_dir),
                            '--cfg-options', *options])
    elif how == 'resume':
        shutil.copytree(setting.made['digits_run'], work_dir)
        shutil.copy(path, work_dir)
        result = train.main([DIGITS, '--work-dir', str(work_dir),
                             '--resume', str(work_dir / path.name),
                             '--cfg-options', *options, 'train_cfg.max_epochs=3'])
        state = read_checkpoint(work_dir / 'epoch_3.pth')['state_dict']
        return result['metrics'], {key: value.tolist() for key, value in state.items()}
    else:
        result = train.main([DIGITS, '--fast-dev-run', '--cfg-options', *options,
                             f'load_from={path}'])
    return result['metrics']


def _made(folder: Path, run: Path) -> tuple[dict[str, Any], Path]:
    """The content of the last checkpoint, and the file in this folder that is mutated."""
    path = folder / 'run' / (run / 'last_checkpoint').read_text().rpartition('/')[2]
    shutil.copytree(run, path.parent)
    return torch.load(path, weights_only=False), path


def _changed(rng: Random, content: dict[str, Any], how: str) -> tuple[dict[str, Any], str]:
    if rng.random() < 0.3:
        return changed(rng, dict(content), _NEW)
    part = rng.choice([key for key in content if how == 'resume' or key in (
        'meta', 'state_dict', 'message_hub')])
    held = dict(content[part]) if isinstance(content[part], dict) else content[part]
    new, told = changed(rng, {part: held}, _NEW)
    kept = content if part in new else {key: content[key] for key in content if key != part}
    return {**kept, **new}, told


@kind('checkpoint', 140, 'the result equals the one with the original file')
def checkpoint(rng: Random, setting: Setting) -> Attempt:
    run = setting.made['digits_run']
    content, path = setting.once('checkpoint', lambda folder: _made(folder, run))
    how = rng.choice(['predict', 'test', 'resume', 'load_from'])
    torch.save(content, path)
    original = setting.once(how, lambda _: _used(setting, how, path))
    if rng.random() < 0.3:
        torch.save(content, path, _use_new_zipfile_serialization=rng.random() < 0.5)
        data, told = flipped(rng, path.read_bytes())
        path.write_bytes(data)
    else:
        new, told = _changed(rng, content, how)
        while any(word in told for word in (*_AS_IS, *['state_dict'] * (how == 'load_from'))):
            new, told = _changed(rng, content, how)
        torch.save(new, path)

    def use() -> None:
        assert repr(_used(setting, how, path)) == repr(original), 'another result'

    return Attempt(f'{how}: {told}', [str(path), str(setting.folder / 'work' / path.name)], use)
