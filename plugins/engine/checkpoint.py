"""Read checkpoints, local or downloaded, without running code that they may contain."""
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier, get_dist_info
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import (
    CheckpointLoader,
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

from plugins.engine.files import resolve_path
from plugins.engine.plain_values import plain, restore_histories

# What mmengine stores besides tensors: its log history, as numpy arrays and bound methods.
# getattr is safe: what it returns is not in this list, so the unpickler never calls it.
_SAFE = [HistoryBuffer, getattr, np.ndarray, np.dtype, np._core.multiarray._reconstruct,
         np._core.multiarray.scalar, type(np.dtype(np.float64)), type(np.dtype(np.int64))]

# A folder for weights, searched before torch's cache; relative to the current directory, else to
# the repository root.
WEIGHTS_DIR = Path('work_dirs', 'weights')

_NAMED = 6  # tensors named in an error; the rest are only counted

_trusted: set[Path] = set()


def trust_checkpoint(path: str | Path) -> None:
    """Allow this file to be loaded although it may run code; the user trusts its source."""
    _trusted.add(resolve_path(path))


def _openmmlab_models() -> Mapping[str, str]:
    models = get_external_models()
    return models | {old: models[new] for old, new in get_deprecated_model_names().items()
                     if new in models}


_CATALOGUES: dict[str, Callable[[], Mapping[str, str]]] = {
    'torchvision': get_torchvision_models, 'modelzoo': get_torchvision_models,
    'open-mmlab': _openmmlab_models, 'openmmlab': _openmmlab_models, 'mmcls': get_mmcls_models}
SCHEMES = ('http', 'https', *_CATALOGUES)
_PREFIXES = tuple(f'{scheme}://' for scheme in SCHEMES)


@CheckpointLoader.register_scheme(prefixes=['', *_PREFIXES], force=True)
def read_checkpoint(filename: str | Path, map_location: Any = 'cpu') -> dict[str, Any]:
    """Load a checkpoint by file name, URL or catalogue name; mmengine calls this too.

    mmengine's own readers fall back to ``weights_only=False`` when a file holds more than tensors,
    which runs any code in it. They also read damaged tensors silently.

    Args:
        filename: A local file, see :func:`resolve_path`; or an http(s)://, torchvision://,
            open-mmlab:// or mmcls:// name. A file of that name in ``work_dirs/weights`` is used
            instead of a download.
        map_location: As for ``torch.load``.

    Raises:
        OSError: The file is missing, cannot be read, or cannot be downloaded.
        ValueError: It is damaged or no checkpoint, it holds objects that could run code and is
            not trusted, its scheme is unknown, or the catalogue has no such name.
    """
    name = str(filename)
    published = name.startswith(_PREFIXES)
    path = _local_copy(published_url(name)) if published else local_checkpoint(name)
    _check_integrity(path)
    try:
        with torch.serialization.safe_globals(_SAFE):
            checkpoint = torch.load(path, map_location=map_location,
                                    weights_only=path not in _trusted)
    except OSError:
        raise
    except Exception as error:  # unpickling random bytes can raise anything
        forbidden = re.search(r'unsupported (?:global|class)[: ]+(?:global )?(\S+)', str(error),
                              re.IGNORECASE)
        if forbidden:
            raise ValueError(f'checkpoint {path}: rejected, loading it could run code: it uses '
                             f'{forbidden[1]}. If you trust its source, pass '
                             '--trust-checkpoint.') from error
        raise ValueError(f'checkpoint {path}: not a readable checkpoint; copy or train it '
                         'again') from error
    if not isinstance(checkpoint, dict):
        raise ValueError(f'checkpoint {path}: expected a dict with state_dict, found '
                         f'{type(checkpoint).__name__}')
    checkpoint = plain(checkpoint)
    restore_histories(checkpoint.get('message_hub', {}).get('log_scalars', {}))
    return checkpoint


def local_checkpoint(filename: str | Path) -> Path:
    """The path of a checkpoint file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The name has an unknown scheme, such as ``torchvison://``.
    """
    scheme, mark, _ = str(filename).partition('://')
    if mark:
        raise ValueError(f'checkpoint {filename}: unknown scheme {scheme}://, expected '
                         f"{', '.join(_PREFIXES)} or a file name")
    path = resolve_path(filename)
    if not path.is_file():
        raise FileNotFoundError(
            f"checkpoint {path}: no such file. The README of a config's folder says how to get the "
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


def check_finite(state_dict: Mapping[str, torch.Tensor], filename: str | Path) -> None:
    """Reject weights that are not finite, with which a network silently predicts nonsense.

    Raises:
        ValueError: A tensor holds NaN or infinity.
    """
    broken = [name for name, value in state_dict.items()
              if torch.is_floating_point(value) and not value.isfinite().all()]
    if broken:
        raise ValueError(f'checkpoint {filename}: {some(broken)}: found numbers that are not '
                         'finite; take the checkpoint of an earlier epoch')


def some(names: Iterable[str], separator: str = ', ') -> str:
    """The first six names, and how many more there are."""
    names = list(names)
    more = f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return separator.join(names[:_NAMED]) + more


def _check_integrity(path: Path) -> None:
    """Verify the checksums that torch.save writes, which torch.load ignores."""
    if not zipfile.is_zipfile(path):
        return  # the format before PyTorch 1.6 has none
    with zipfile.ZipFile(path) as archive:
        try:
            damaged = archive.testzip()
        except zipfile.BadZipFile as error:
            damaged = str(error)
    if damaged:
        raise ValueError(f'checkpoint {path}: damaged, its checksum is wrong in {damaged}; copy or '
                         'train it again')


def published_url(name: str) -> str:
    """The URL of a name in a catalogue; URLs are returned unchanged.

    Raises:
        ValueError: The catalogue has no such name.
    """
    scheme, _, model = name.partition('://')
    if scheme in ('http', 'https'):
        return name
    urls = _CATALOGUES[scheme]()
    if model not in urls:
        near = get_close_matches(model, urls, n=5, cutoff=0.4)
        raise ValueError(f'checkpoint {name}: {scheme} has no weights of this name; similar: '
                         f'{", ".join(near) or "none"}')
    return urls[model]


def _local_copy(url: str) -> Path:
    """The local file of a URL, downloaded if it does not exist yet."""
    name = Path(urlparse(url).path).name
    if not name:
        raise ValueError(f'checkpoint {url}: the URL contains no file name')
    own, cached = resolve_path(WEIGHTS_DIR / name), Path(torch.hub.get_dir(), 'checkpoints', name)
    for place in (own, cached):
        if place.is_file():
            return place
    try:
        _download(url, cached)
    except (OSError, HTTPException, RuntimeError) as error:
        raise OSError(f'weights {url} cannot be downloaded ({error}): download the file by other '
                      f'means and save it as {own} or {cached}') from error
    return cached


def _download(url: str, target: Path) -> None:
    """Download a file; in a distributed run one process does, the others wait."""
    rank, _ = get_dist_info()
    if rank > 0:
        barrier()
    try:
        if not target.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            # PyTorch's file names contain the first digits of the SHA-256.
            digest = torch.hub.HASH_REGEX.search(target.name) \
                if urlparse(url).hostname == 'download.pytorch.org' else None
            torch.hub.download_url_to_file(url, str(target), digest[1] if digest else None,
                                           progress=rank == 0)
    finally:
        if rank == 0:
            barrier()  # also after a failure, so that no process waits forever
