"""Find published models by name, in a folder or behind a URL, and fetch their files once.

A zoo is a folder that tools/model_converters/publish_model.py fills, or a URL that serves one. Its
``metafile.yml`` lists the models; the repository's metafiles may name ``Weights``, too.
"""
import os
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from .checks import check_shape
from .downloads import check_sum, download
from .files import REPO_ROOT, resolve_path, shown_path
from .wording import near, some

VARIABLE = 'MMTRANSFER_ZOO'
INDEX = 'metafile.yml'
DIGEST = 'SHA-256'  # the key of a file's sum in an entry's Metadata
FETCHED = Path('work_dirs', 'fetched')  # not where other weights are found by their names
_ENTRY = {'Name': 'a line of text', 'Config??': 'a line of text', 'Weights??': 'a line of text',
          'Metadata??': {DIGEST + '?': 'a line of text'},
          'Results??': [{'Task??': 'a line of text', 'Metrics??': {'*': 'a number'}}]}
_FILE = re.compile(r'(?!.*\.\.)[\w+-][\w.+-]*(/[\w+-][\w.+-]*)*\.(pth|safetensors)')
_URL = re.compile('https?://', re.I)
_MOST_OF_INDEX = 10 ** 7
_ADVICE = f'without a network, set {VARIABLE} to a folder with the published files'


def zoo_place() -> str:
    """The folder or URL of the zoo: ``MMTRANSFER_ZOO``, else ``work_dirs/zoo``."""
    place = os.environ.get(VARIABLE, '').rstrip('/')
    return place if _URL.match(place) else str(resolve_path(place or 'work_dirs/zoo'))


def published_models() -> dict[str, dict[str, Any]]:
    """The entries of all models that can be fetched, by name; the zoo's own replace others.

    Raises:
        OSError: The zoo's index cannot be read.
        ValueError: A metafile is not one.
    """
    place = zoo_place()
    if _URL.match(place):
        with TemporaryDirectory() as folder:  # it may change
            file = download(f'{place}/{INDEX}', Path(folder, INDEX), '', _ADVICE, _MOST_OF_INDEX)
            indices = {f'{place}/{INDEX}': file.read_bytes()}
    else:
        file = Path(place, INDEX)
        if os.environ.get(VARIABLE) and not file.is_file():
            raise FileNotFoundError(f'{file}: no such file; {VARIABLE} is the folder that '
                                    'publish_model.py writes into, or the URL of one')
        indices = {str(file): file.read_bytes()} if file.is_file() else {}
    own = {shown_path(path): text for path in sorted((REPO_ROOT / 'configs').glob(f'*/{INDEX}'))
           if b'Weights:' in (text := path.read_bytes())}
    return {entry['Name']: entry for where, text in {**own, **indices}.items()
            for entry in read_entries(text, where) if entry.get('Weights')}


def read_entries(text: bytes, where: str) -> list[dict[str, Any]]:
    """The models of a metafile.

    Raises:
        ValueError: It is no YAML, has two models of one name, or an entry lacks what it needs.
    """
    if len(text) > _MOST_OF_INDEX:
        raise ValueError(f'{where}: has more than {_MOST_OF_INDEX} bytes')
    try:
        models = dict(yaml.safe_load(text) or {'Models': []})['Models'] or []
    except (yaml.YAMLError, TypeError, ValueError, KeyError, RecursionError) as error:
        raise ValueError(f'{where}: not a metafile with a list of Models; correct it') from error
    check_shape(models, [_ENTRY], f'{where}: Models', 'correct the metafile')
    if twice := [name for name, number in Counter(one['Name'] for one in models).items()
                 if number > 1]:
        raise ValueError(f'{where}: lists {some(twice)} more than once; remove or rename one')
    return models


def fetch(name: str) -> Path:
    """The file of a published model, downloaded if it is not here yet; its sum is compared.

    Raises:
        OSError: It cannot be fetched.
        ValueError: No model of this name is published, or a byte of the file has changed.
    """
    models = published_models()
    if name not in models:
        raise ValueError(f'{name}: neither a file nor a run here, nor a model in {zoo_place()} '
                         f'({VARIABLE})' + (near(name, list(models)) if models else ', which has '
                                            'none; publish one with publish_model.py'))
    weights = models[name]['Weights']
    place = weights if _URL.match(weights) else f'{zoo_place()}/{weights}'
    if not _FILE.fullmatch(weights if place != weights else Path(weights).name):
        raise ValueError(f'{name}: Weights is {weights!r}, expected the URL of a .pth or '
                         '.safetensors file, or its path below the zoo')
    expected = (models[name].get('Metadata') or {}).get(DIGEST) or named_digits(Path(place))
    if not _URL.match(place):
        path = Path(place)
    elif re.fullmatch('[0-9a-f]{8,64}', expected):
        path = download(place, resolve_path(FETCHED / expected[:16] / Path(place).name), expected,
                        _ADVICE)
    else:
        raise ValueError(f'{name}: its Metadata has no {DIGEST}, without which nothing is fetched')
    check_sum(path, expected)
    return path


def named_digits(path: Path) -> str:
    """The first digits of a published file's SHA-256, in which its name ends; '' if it has none."""
    found = re.search(r'_\d{8}-([0-9a-f]{8})$', path.stem)
    return found[1] if found else ''
