"""Read what a run and its test wrote; without mmengine and torch, to be quick."""
import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .config_keys import comparable
from .files import resolve_path

RECORD = 'result.json'
# The folders, in a run's work dir, that its tests on the parts of the data write.
TEST_FOLDERS = {'test': 'test', 'train': 'test-train', 'val': 'test-val'}
EXAMPLES = 'examples'  # the folder, beside a test's record, of pictures that the report page shows
EXAMPLES_RECORD = 'examples.json'


@dataclass(frozen=True)
class Run:
    """A finished run on disk.

    Attributes:
        folder: Its work dir.
        trained: The record of the training.
        tested: The record of the test of the same checkpoint and options on the test images;
            None if there is none.
        stale: What else the test in the folder is of, in a sentence; None if there is none.
    """

    folder: Path
    trained: dict[str, Any]
    tested: dict[str, Any] | None
    stale: str | None

    def require_test(self) -> dict[str, Any]:
        """The record of the test.

        Raises:
            FileNotFoundError: The run was not tested.
            ValueError: The test there is of something else.
        """
        if self.stale:
            raise ValueError(self.stale)
        if self.tested is None:
            raise FileNotFoundError(f'{self.folder}: the run was not tested; run tools/test.py '
                                    f'first: {_test_command(self.trained)}')
        return self.tested


def read_run(work_dir: str | Path) -> Run:
    """Read a run's record, and its test's if it is one of the same checkpoint and options.

    After a resumed training, an earlier test may be of another checkpoint than the best one.

    Args:
        work_dir: Work dir of tools/train.py; as it prints it, from any directory.

    Raises:
        FileNotFoundError: The run has no record.
        ValueError: A record cannot be read, or it is a test's.
    """
    folder = resolve_path(work_dir)
    trained = read_record(folder / RECORD)
    if trained.get('mode') == 'test':
        raise ValueError(f'{folder / RECORD}: the record of a test; expected the work dir of '
                         'tools/train.py')
    record = folder / TEST_FOLDERS['test'] / RECORD
    if not record.is_file():
        return Run(folder, trained, None, None)
    tested = read_record(record)
    other = _difference(trained, tested)
    if other is None:
        return Run(folder, trained, tested, None)
    return Run(folder, trained, None, f'{record}: {other}. Run tools/test.py again: '
               f'{_test_command(trained)} --overwrite')


def read_record(path: Path) -> dict[str, Any]:
    """Read one ``result.json``.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is no JSON object, or its options are no strings.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such record; is the run finished?')
    try:
        record = json.loads(path.read_text())
    except ValueError as error:  # of JSON or of UTF-8
        raise ValueError(f'{path}: damaged, not readable as JSON ({error}); run the tool that '
                         'writes it again') from error
    if not isinstance(record, dict):
        raise ValueError(f'{path}: expected a JSON object, found {type(record).__name__}; is it '
                         'the record of tools/train.py or tools/test.py?')
    options = record.get('options')
    if options is not None and not (isinstance(options, list)
                                    and all(isinstance(option, str) for option in options)):
        raise ValueError(f'{path}: options is {options!r}, expected a list of strings; run the '
                         'tool that writes it again')
    return record


def _difference(trained: dict[str, Any], tested: dict[str, Any]) -> str | None:
    """How a test is not of the run's best checkpoint and config on the test images."""
    if tested.get('split', 'test') != 'test':
        return f"measured on the {tested['split']} images, not on the test images"
    checkpoint, best = tested.get('checkpoint'), trained.get('checkpoint')
    if checkpoint != best:
        return f'a test of another checkpoint, {checkpoint}; the run names {best}'
    # Hashes of two versions say nothing: of one checkpoint, the options decide then.
    hashed = comparable(trained.get('config_hash'), tested.get('config_hash'))
    key = 'config_hash' if hashed else 'options'
    if tested.get(key) != trained.get(key):
        return f'a test of another config: {_differing_options(trained, tested)}'
    return None


def _differing_options(trained: dict[str, Any], tested: dict[str, Any]) -> str:
    """How the configs differ; early records name no options."""
    mine, its = (record.get('options') or [] for record in (trained, tested))
    told = [f'--cfg-options {" ".join(only)} only in {where}' for only, where in (
        ([option for option in mine if option not in its], 'the training'),
        ([option for option in its if option not in mine], 'the test')) if only]
    return '; '.join(told) or 'the config file has changed between the training and the test'


def _test_command(trained: dict[str, Any]) -> str:
    options: Sequence[str] = trained.get('options') or []
    return shlex.join(['python', 'tools/test.py', str(trained.get('config')),
                       str(trained.get('checkpoint')),
                       *(['--cfg-options', *options] if options else [])])
