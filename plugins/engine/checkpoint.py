"""Read checkpoints, local or downloaded, without running code that they may contain."""
import importlib.util
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

import torch
from mmengine.runner import checkpoint as upstream

from plugins.engine.checkpoint_content import check_content
from plugins.engine.distributed import by_main
from plugins.engine.downloads import download
from plugins.engine.files import archive_damage, checksum, resolve_path
from plugins.engine.plain_values import (
    INERT,
    drop,
    globals_of,
    is_known,
    plain,
    reject,
    restore_histories,
)
from plugins.engine.wording import near, some

# A folder for weights, searched before torch's cache; relative to the current directory, else to
# the repository root.
WEIGHTS_DIR = Path('work_dirs', 'weights')

SAFETENSORS, METADATA = '.safetensors', 'mmtransfer'  # a suffix, and our key in such a file

_trusted: set[Path] = set()


def trust_checkpoint(path: str | Path) -> None:
    """Allow this file to be loaded although it may run code; the user trusts its source."""
    _trusted.add(resolve_path(path))


def _openmmlab_models() -> Mapping[str, str]:
    models = upstream.get_external_models()
    return models | {old: models[new] for old, new in upstream.get_deprecated_model_names().items()
                     if new in models}


_CATALOGUES: dict[str, Callable[[], Mapping[str, str]]] = {
    'torchvision': upstream.get_torchvision_models, 'modelzoo': upstream.get_torchvision_models,
    'open-mmlab': _openmmlab_models, 'openmmlab': _openmmlab_models,
    'mmcls': upstream.get_mmcls_models}
SCHEMES = ('http', 'https', 'package', *_CATALOGUES)
_PREFIXES = tuple(f'{scheme}://' for scheme in SCHEMES)


@upstream.CheckpointLoader.register_scheme(prefixes=['', *_PREFIXES], force=True)
def read_checkpoint(filename: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Load a checkpoint by file name, URL or catalogue name; mmengine calls this too.

    mmengine's own readers fall back to ``weights_only=False`` when a file holds more than tensors,
    which runs any code in it. They also read damaged tensors silently.

    Args:
        filename: A local file, see :func:`resolve_path`; or an http(s)://, torchvision://,
            open-mmlab:// or mmcls:// name, instead of whose download a file of that name in
            ``work_dirs/weights`` is used; or package://PACKAGE/FILE of an installed package.
        map_location: As for ``torch.load``.

    Raises:
        OSError: The file is missing, cannot be read, or cannot be downloaded.
        ValueError: It is damaged or no checkpoint, it holds objects that could run code and is
            not trusted, its scheme is unknown, or the catalogue has no such name.
    """
    name = str(filename)
    published = name.startswith(_PREFIXES)
    path = local_copy(published_url(name)) if published else local_checkpoint(name)
    trusted = path in _trusted
    refusal = ''
    try:
        if path.suffix == SAFETENSORS:
            checkpoint = _read_safetensors(path, map_location)
        else:
            with path.open('rb') as file, torch.serialization.safe_globals(
                    [(kind, name) for name, kind in INERT.items()]):
                refusal = _refusal(file, path, trusted)
                checkpoint = None if refusal else plain(torch.load(
                    file, map_location=map_location, weights_only=not trusted),
                    drop if trusted else reject)
    except Exception as error:  # unpickling random bytes can raise anything
        if isinstance(error, OSError) and error.filename:
            raise
        raise ValueError(f'checkpoint {path}: not a readable checkpoint; copy or train it '
                         'again') from error
    if refusal:
        raise ValueError(f'checkpoint {path}: {refusal}')
    check_content(checkpoint, str(path))
    checkpoint.get('meta', {}).pop('config', None)  # mmengine's Runner.resume would execute it
    restore_histories(checkpoint.get('message_hub', {}).get('log_scalars', {}), str(path))
    return checkpoint


def _read_safetensors(path: Path, map_location: Any) -> dict[str, Any]:
    """Tensors, and what publish_model.py put into the file's metadata."""
    from safetensors import safe_open, torch
    with safe_open(path, 'pt') as file:
        rest = json.loads((file.metadata() or {}).get(METADATA, '{}'))
    return dict(rest, state_dict=torch.load_file(path, str(map_location or 'cpu')))


def local_checkpoint(filename: str | Path, key: str = 'checkpoint') -> Path:
    """The path of a checkpoint file; errors begin with ``key``.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The name has an unknown scheme, such as ``torchvison://``.
    """
    scheme, mark, _ = str(filename).partition('://')
    if mark:
        raise ValueError(f'{key} {filename}: unknown scheme {scheme}://, expected '
                         f"{', '.join(_PREFIXES)} or a file name")
    path = resolve_path(filename)
    if not path.is_file():
        raise FileNotFoundError(
            f"{key} {path}: no such file. The README of a config's folder says how to get the "
            'weights that it starts from; model.backbone.init_cfg=None trains without them')
    return path


def misfit(error: Exception) -> str:
    """Shorten the message of a failed strict load to one line with the first few tensors.

    Args:
        error: mmengine's RuntimeError: a title, one line per tensor whose shape differs, one line
            for all unexpected names and one for all missing names.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    shapes = [line for line in lines if line.startswith('size mismatch')]
    parts = [line.partition(': ') for line in lines if line not in shapes]
    others = [f'{title}{mark}{some(names.split(", "))}' for title, mark, names in parts]
    return '; '.join([*others, *([some(shapes, '; ')] if shapes else [])])


def check_finite(state_dict: Mapping[str, Any], filename: str | Path) -> None:
    """Reject tensors that are not finite: a network predicts nonsense, or training diverges.

    Args:
        state_dict: Tensors by name; dicts of them are searched too.
        filename: The file that is named in the error.

    Raises:
        ValueError: A tensor holds NaN or infinity.
    """
    broken = list(_not_finite(state_dict))
    if broken:
        raise ValueError(f'checkpoint {filename}: {some(broken)}: found numbers that are not '
                         'finite; take another checkpoint, as of an earlier epoch')


def _not_finite(values: Mapping[Any, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from (f'{name}.{inner}' for inner in _not_finite(value))
        elif torch.is_tensor(value) and not value.isfinite().all():
            yield str(name)


def _refusal(file: BinaryIO, path: Path, trusted: bool) -> str:
    """Why a file must not be loaded; '' if it may be.

    The checksums that torch.save writes are verified, which torch.load ignores. The format before
    PyTorch 1.6, which is no zip archive, has none: a published file has the first digits of its
    SHA-256 in its name. Then the names of globals are read, of the record that torch.load reads.
    """
    pickles = [file] * 5  # before 1.6: magic number, version, system, content, names of storages
    if file.read(4) == b'PK\3\4':
        with zipfile.ZipFile(file) as archive:
            if any(entry.compress_type for entry in archive.infolist()):
                return 'compressed, unlike the files of torch.save; save it again with PyTorch'
            if damage := archive_damage(archive):
                return f'damaged, {damage}; copy or train it again'
        file.seek(0)
        pickles = [io.BytesIO(torch._C.PyTorchFileReader(file).get_record('data.pkl'))]
    file.seek(0)
    names = set() if trusted else set().union(*(globals_of(content) for content in pickles))
    file.seek(0)
    if unknown := sorted(name for name in names if not is_known(name)):
        return (f'rejected, loading it could run code: it uses {some(unknown)}. If you trust its '
                'source: --trust-checkpoint loads it as CHECKPOINT of a tool, or as --resume or '
                'load_from of tools/train.py; for other uses save its tensors alone: '
                f'torch.save(torch.load({str(path)!r}, weights_only=False)["state_dict"], '
                '"new.pth")')
    if len(pickles) > 1 and not trusted:
        digits = re.search(r'-([0-9a-f]{8,})\.pth$', path.name)
        if not digits or not checksum(path).startswith(digits[1]):
            return ('rejected, damage would go unnoticed: the format before PyTorch 1.6 has no '
                    "checksums, and the name does not end in the first digits of the file's "
                    f'SHA-256. Save it again: torch.save(torch.load({str(path)!r}), "new.pth")')
    return ''


def published_url(name: str) -> str:
    """The URL of a name in a catalogue; URLs are returned unchanged.

    Raises:
        ValueError: The catalogue has no such name.
    """
    scheme, _, model = name.partition('://')
    if scheme in ('http', 'https', 'package'):
        return name
    urls = _CATALOGUES[scheme]()
    if model not in urls:
        raise ValueError(f'checkpoint {name}: {scheme} has no weights of this name'
                         + near(model, list(urls)))
    return urls[model]


def local_copy(url: str, fetch: bool = True) -> Path:
    """The local file of a URL; if it does not exist yet, the main process may download it."""
    if url.startswith('package://'):
        return _installed(url)
    name = Path(urlparse(url).path).name
    if not name:
        raise ValueError(f'checkpoint {url}: the URL contains no file name')
    own, cached = resolve_path(WEIGHTS_DIR / name), Path(torch.hub.get_dir(), 'checkpoints', name)
    # PyTorch's file names contain the first digits of the SHA-256.
    digits = torch.hub.HASH_REGEX.search(name) \
        if urlparse(url).hostname == 'download.pytorch.org' else None
    if not fetch:
        return cached if cached.is_file() else own
    by_main(lambda: own.is_file() or download(
        url, cached, digits[1] if digits else '',
        f'download the file by other means and save it as {own} or {cached}'))
    return own if own.is_file() else cached


def _installed(url: str) -> Path:
    """A file of an installed package, which is not imported."""
    package, _, file = url.removeprefix('package://').partition('/')
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    path = Path(*(spec and spec.submodule_search_locations or ['']), file)
    if not spec or not path.is_file():
        raise FileNotFoundError(f'checkpoint {url}: no such file in an installed package; install '
                                'requirements.txt')
    return path
