"""Read the records that the tools write: JSON and tables, which may come from anyone."""
import csv
import json
import re
from pathlib import Path
from typing import Any

from .checks import check_shape
from .wording import some

RECORD = 'result.json'
# The folder of a run's plain test in its work dir, and the pattern of all tests' folders.
TEST_FOLDER, TEST_FOLDERS = 'test', re.compile(r'test(-train|-val)?(-tta)?(-amp)?')
EXAMPLES = 'examples'  # folder beside a test's record, with pictures for the report page
ANSWERS = 'answers.csv'  # beside a test's record: a classifier's answer for each image
EXAMPLES_RECORD = 'examples.json'
KFOLD_RECORD = 'kfold.json'  # of a cross-validation, in its work dir
_MOST_BYTES = 100_000_000  # of a record or picture

_NUMBERS = {'*': 'a number'}
HISTORY = [{'epoch': 'a whole number', 'train??': _NUMBERS, 'metrics??': _NUMBERS,
            'seconds': 'a number'}]
# What the fields of records hold, see check_shape; those that no reader needs may be missing.
_SHAPES: dict[str, Any] = {
    **dict.fromkeys(('mode', 'split', 'made_with', 'monitor', 'precision', 'device', 'kind',
                     'torch_version', 'git_commit', 'config_hash', 'test_hash', 'metric'),
                    'a line of text'),
    **dict.fromkeys(('config', 'checkpoint'), 'a file name'),
    **dict.fromkeys(('seed', 'best_epoch', 'epochs', 'processes', 'folds', 'repeats', 'images'),
                    'a whole number'),
    'sizes': {'*': 'a whole number'},
    'worst': [dict.fromkeys(('image', 'true', 'predicted', 'probability'), 'a line of text')],
    'seconds': 'a number', 'metrics': _NUMBERS, 'options': ['a line of text'],
    'parameters': {'total': 'a whole number', 'trainable': 'a whole number'},
    'history': HISTORY,
    'data_fingerprint': {'*': 'text or null'}, 'recipe': {'*': 'anything'},
    'intervals': {'*': ['a number']}, 'changes': [['text or null'] * 3],
    'pr_curves': {'*': {'*': ['a number']}},
    'classes': {'*': {'images': 'a whole number', 'accuracy??': 'a number',
                      'precision??': 'a number', 'f1??': 'a number'}},
    'confusion_matrix': [['a whole number']],
    'examples': [{'file': 'a line of text', 'name': 'a line of text', 'truth??': 'a line of text',
                  'predicted??': 'a line of text', 'confidence??': 'a number'}],
    'winner': {'trial': 'a whole number', 'value': 'a number', 'params': {'*': 'anything'},
               'test??': _NUMBERS, 'config': 'a line of text'}}


def own_file(path: Path, folder: Path) -> Path:
    """A file of a folder that may come from anyone: no link that leads out of it, no pipe.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is a link to a file elsewhere, which the folder's author may not read.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{path}: no such file')
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ValueError(f'{path}: a link that leads out of {folder}, expected a file in it; copy '
                         'the file there')
    if path.stat().st_size > _MOST_BYTES:
        raise ValueError(f'{path}: has {path.stat().st_size} bytes, expected at most {_MOST_BYTES}')
    return path


def read_record(path: Path, folder: Path | None = None, *needed: str) -> dict[str, Any]:
    """Read one ``result.json`` or another record, which must have the ``needed`` fields.

    ``folder`` is that of :func:`own_file`; None if the user named the file.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is no JSON object, lacks a needed field, or a field holds something else
            than the tools write; or it is a link out of ``folder``.
    """
    if not path.is_file():
        runs = some(sorted(one.parent.name for one in path.parent.glob(f'*/{RECORD}')
                           if not TEST_FOLDERS.fullmatch(one.parent.name)))
        raise FileNotFoundError(f'{path}: no such record; ' + (
            f'give one run: {runs}' if runs else 'is the run finished?'))
    try:
        record = json.loads(own_file(path, folder or path.resolve().parent).read_text('utf-8'))
        # Lone surrogates are no text, but those of file names that are not UTF-8.
        json.dumps(record, ensure_ascii=False).encode(errors='surrogateescape')
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path}: damaged, not readable as JSON ({error}); run the tool that '
                         'writes it again') from error
    if not isinstance(record, dict):
        raise ValueError(f'{path}: expected a JSON object, found {type(record).__name__}; is it '
                         'the record of tools/train.py or tools/test.py?')
    for key, shape in _SHAPES.items():
        if key in needed or record.get(key) is not None:
            check_shape(record.get(key), shape, f'{path}: {key}',
                        'run the tool that writes this record again')
    return record


def read_table(path: Path, folder: Path, tool: str) -> list[list[str]]:
    """Read a table of a run or a search; the first row holds the column names.

    Args:
        folder: The file must be in it, also where a link leads.
        tool: The tool that writes the table, for messages.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is no table, or a row is incomplete.
    """
    try:
        lines = own_file(path, folder).read_text('utf-8').splitlines(keepends=True)
        columns, *rows = [row for row in csv.reader(lines) if row]
    except (ValueError, csv.Error) as error:  # not text, or empty
        raise ValueError(f'{path}: not readable as a table; run {tool} again') from error
    for number, row in enumerate(rows, 2):
        if len(row) != len(columns):
            raise ValueError(f'{path}: row {number} has {len(row)} cells, expected {len(columns)}')
    return [columns, *rows]
