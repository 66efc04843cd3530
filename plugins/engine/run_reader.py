"""Read the records of a run and its test, without importing mmengine or torch."""
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .files import REPO_ROOT, resolve_path, shown_path
from .records import KFOLD_RECORD, RECORD, TEST_FOLDER, read_record

CONFIGS = ('.py', '.yml', '.yaml', '.json')  # suffixes
WHOLE = ('.pth', '.safetensors', '.onnx')  # of files that may hold all of a model


@dataclass(frozen=True)
class Run:
    """A finished run on disk.

    Attributes:
        folder: The work dir.
        trained: The record of the training.
        tested: The record of a test of the same checkpoint and options on the test images;
            None if there is none.
        stale: How the test in the folder differs from that; None if it does not.
        name: The folder without the parents that all runs share, see ``plugins.report.collect``.
    """

    folder: Path
    trained: dict[str, Any]
    tested: dict[str, Any] | None
    stale: str | None = None
    name: str = ''

    @property
    def state(self) -> str:
        """``tested`` or ``not tested``."""
        return 'not tested' if self.tested is None else 'tested'

    @property
    def figures(self) -> Mapping[str, float]:
        """Test metrics by name; empty if there was no test."""
        return self.tested['metrics'] if self.tested else {}

    @property
    def intervals(self) -> Mapping[str, Sequence[float]]:
        """The 95 % intervals of test metrics by name; older records have none."""
        return (self.tested or {}).get('intervals') or {}

    @property
    def test_folder(self) -> Path:
        """Where the pictures and the answers of the test are."""
        return self.folder if 'folds' in self.trained else self.folder / TEST_FOLDER

    def require_test(self) -> dict[str, Any]:
        """The record of the test.

        Raises:
            FileNotFoundError: The run was not tested.
            ValueError: The test is of another checkpoint or config.
        """
        if self.stale:
            raise ValueError(self.stale)
        if self.tested is None:
            raise FileNotFoundError(f'{self.folder}: the run was not tested; run tools/test.py '
                                    f'first: {_test_command(self.folder, self.trained)}')
        return self.tested


def read_folds(folder: Path) -> Run:
    """Read the record of a cross-validation, as that of a run without epochs."""
    record = read_record(folder / KFOLD_RECORD, folder, 'config', 'metrics', 'seconds', 'folds',
                         'repeats', 'images', 'parameters', 'worst')
    return Run(folder, dict(record, metrics={}, epochs=0, history=[]), record)


def read_run(work_dir: str | Path, *needed: str) -> Run:
    """Read the record of a run, and of its test if checkpoint and options are the same.

    After a resumed training, an earlier test may not be of the best checkpoint.

    Args:
        work_dir: Work dir as printed by tools/train.py; may be used from any directory.
        needed: Fields that the record of the training must have, besides config and metrics.

    Raises:
        FileNotFoundError: The run has no record.
        ValueError: A record cannot be read, or it is a test's.
    """
    folder = resolve_path(work_dir)
    trained = read_record(folder / RECORD, folder, 'config', 'metrics', *needed)
    if trained.get('mode') == 'test':
        raise ValueError(f'{folder / RECORD}: the record of a test; expected the work dir of '
                         'tools/train.py')
    record = folder / TEST_FOLDER / RECORD
    tested = read_record(record, folder, 'metrics') if record.is_file() else None
    if tested and (other := _difference(folder, trained, tested)):
        return Run(folder, trained, None, f'{record}: {other}. Run tools/test.py again: '
                   f'{_test_command(folder, trained)} --overwrite')
    return Run(folder, trained, tested)


class ArgumentsError(ValueError):
    """The arguments name no model."""


def model_parts(model: str | Path, checkpoint: str | Path | None = None,
                options: Sequence[str] = (), trusted: bool = False) -> tuple[Path, Path, list[str]]:
    """The config, the checkpoint and the options of a model, however it is named.

    Args:
        model: A config file; a run's work dir; a file that holds all of a model, which is then both
            config and checkpoint; or the name of one in the zoo.
        checkpoint: The weights, which a config needs, and a run may have.
        options: Changes to the config, after those of a run.
        trusted: See :func:`run_parts`.

    Raises:
        ArgumentsError: A file is missing, or CHECKPOINT after a config, or is one too many.
        OSError, ValueError: See :func:`run_parts` and ``plugins.engine.zoo.fetch``.
    """
    path = resolve_path(model)
    if not path.exists() and path.suffix not in (*CONFIGS, *WHOLE) and '/' not in str(model):
        from .zoo import fetch  # reads YAML
        path = fetch(str(model))
    best: str | Path | None = None
    if path.is_dir():
        path, best, own = run_parts(path, trusted)
        options = [*own, *options]
    elif path.suffix in WHOLE:
        best = path
        if resolve_path(checkpoint or path) != path or options and path.suffix == '.onnx':
            raise ArgumentsError(f'{path}: contains its weights and takes no CHECKPOINT'
                                 + ', nor --cfg-options' * (path.suffix == '.onnx')
                                 + '; of several pictures, give their folder')
    if not path.is_file():
        raise ArgumentsError(f'{path}: no such config file')
    if not (checkpoint or best):
        raise ArgumentsError(f'CHECKPOINT is missing after the config {path}')
    found = resolve_path(checkpoint or best)
    if not found.is_file():
        raise ArgumentsError(f'{found}: no such file')
    return path, found, list(options)


def run_parts(folder: Path, trusted: bool) -> tuple[Path, Path, list[str]]:
    """The config, the best checkpoint and the options of a finished run, to use its model.

    Raises:
        FileNotFoundError: The run has no record, or its checkpoint is not there.
        ValueError: The record cannot be read; or, unless ``trusted``, it names a config or an
            option by which a stranger's run could execute code.
    """
    trained = read_run(folder, 'checkpoint').trained
    config, options = (REPO_ROOT / trained['config']).resolve(), trained.get('options') or []
    code = [f'--cfg-options {option}' for option in options
            if '{' in option or re.match(
                r'[^=]*(custom_imports|(type|scope_?|constructor|fn)=)', option)]
    if not config.is_relative_to((REPO_ROOT / 'configs').resolve()):
        code.append(f'the config {config}, which is not in configs/')
    if code and not trusted:
        raise ValueError(f'{folder}: was trained with {code[-1]}, which could run any code; give '
                         '--trust-checkpoint if you trust the run, or CONFIG CHECKPOINT')
    checkpoint = folder / Path(trained['checkpoint']).name
    if not checkpoint.is_file():
        raise FileNotFoundError(f'{checkpoint}: no such checkpoint, which the record of the run '
                                'names as its best; give CONFIG CHECKPOINT')
    return config, checkpoint, options


def _difference(folder: Path, trained: dict[str, Any], tested: dict[str, Any]) -> str | None:
    """Why a test is not one of the run's best checkpoint and config on the test images."""
    if tested.get('split', 'test') != 'test':
        return f"measured on the {tested['split']} images, not on the test images"
    if tested.get('made_with'):
        return f"made with {tested['made_with']}"
    checkpoint, best = tested.get('checkpoint'), trained.get('checkpoint')
    if checkpoint != best and checkpoint != _own_checkpoint(folder, trained):
        return f'a test of another checkpoint, {checkpoint}; the run names {best}'
    key = 'test_hash' if trained.get('test_hash') and tested.get('test_hash') else 'config_hash'
    if tested.get(key) != trained.get(key):
        return ('a test of another config: --cfg-options of training and test differ, or a config '
                'file, or this program has changed in between')
    return None


def _own_checkpoint(folder: Path, trained: dict[str, Any]) -> str:
    """The best checkpoint as a test names it if the run was moved or copied before."""
    return shown_path(folder / Path(trained.get('checkpoint') or '').name)


def _test_command(folder: Path, trained: dict[str, Any]) -> str:
    own, options = _own_checkpoint(folder, trained), trained.get('options') or []
    checkpoint = own if (REPO_ROOT / own).is_file() else str(trained.get('checkpoint'))
    return shlex.join(['python', 'tools/test.py', str(trained.get('config')), checkpoint,
                       *(['--cfg-options', *options] if options else [])])
