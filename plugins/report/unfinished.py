"""What the log of a run holds that has written no record: it goes on, or was stopped."""
import json
import re
import time
from pathlib import Path
from typing import Any

from plugins.engine.files import REPO_ROOT

from .resolved_config import read_resolved

_LOGS = '*/vis_data/scalars.json'


def has_begun(folder: Path) -> bool:
    """Whether a folder is the work dir of a run that has at least begun."""
    return any(re.fullmatch(r'\d{8}_\d{6}', path.parent.parent.name)
               for path in folder.glob('*/vis_data/config.py'))


def unfinished_record(folder: Path) -> tuple[dict[str, Any], str]:
    """Put together what is known of a run without a record.

    Returns:
        The keys of a training's result.json, as far as they are known (parameters, device and the
        like are not), and a sentence on its state.

    Raises:
        ValueError: A line of the log, other than the last, which may be half written, is no JSON.
    """
    logs = sorted(folder.glob(_LOGS))
    history = _history(logs)
    # The last of these: a run may be resumed, and the names of the folders are times.
    begun = sorted(folder.glob('*/vis_data/config.py'))
    configs = sorted(folder.glob('*.py'))
    last = max((path.stat().st_mtime for path in [*logs, *begun]), default=0.)
    minutes = (time.time() - last) / 60
    ago = f'{minutes:.0f} minutes' if minutes < 120 else f'{minutes / 60:.0f} hours'
    note = (f'no result.json yet: it is still going, or was stopped; epoch '
            f"{history[-1]['epoch'] if history else 0}, last written {ago} ago")
    record = dict(mode='train', config=_config(configs[0]) if configs else folder.name, metrics={},
                  history=history, epochs=history[-1]['epoch'] if history else 0)
    if configs:
        record['seed'] = (read_resolved(configs[0]).get('randomness') or {}).get('seed')
    return record, note


def _config(resolved: Path) -> str:
    """The config file behind a resolved one; those of this collection have unique names."""
    found = sorted((REPO_ROOT / 'configs').rglob(resolved.name))
    return str(found[0].relative_to(REPO_ROOT)) if found else resolved.name


def _history(logs: list[Path]) -> list[dict[str, Any]]:
    """As RunRecordHook keeps it; where a resumed run repeats an epoch, the later one counts."""
    by_epoch: dict[int, dict[str, Any]] = {}
    for log in logs:
        train: dict[str, float] = {}
        for line in _lines(log):
            if 'iter' in line:  # of the training
                train = {key: line[key] for key in ('loss', 'lr') if key in line}
            elif 'step' in line:  # of a validation, whose step is the epoch
                metrics = {key: value for key, value in line.items() if isinstance(value, float)
                           and key not in ('step', 'time', 'data_time')}
                by_epoch[line['step']] = dict(epoch=line['step'], train=train, metrics=metrics)
    return [by_epoch[epoch] for epoch in sorted(by_epoch)]


def _lines(log: Path) -> list[dict[str, Any]]:
    texts = log.read_text(encoding='utf-8').splitlines()
    found = []
    for number, text in enumerate(texts, 1):
        try:
            found.append(json.loads(text))
        except ValueError as error:
            if number < len(texts):
                raise ValueError(f'{log}:{number}: no JSON ({error}); the log of a run is damaged, '
                                 'leave this run out') from error
    return [line for line in found if isinstance(line, dict)]
