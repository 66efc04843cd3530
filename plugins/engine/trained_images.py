"""Which images are used: their names, and the content of their files."""
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from torch.utils.data import Dataset

from .files import checksum
from .wording import some

TRAINED = 'trained_images'  # the name of packed() train and val images in a checkpoint
Contents = Mapping[str, str]  # by name


def image_names(*datasets: Dataset) -> set[str] | None:
    """Names of all images of data sets, also inside wrappers; None if one has no names."""
    names: set[str] = set()
    for dataset in datasets:
        if hasattr(dataset, 'names'):
            own = set(dataset.names)
        elif hasattr(dataset, 'datasets') or hasattr(dataset, 'dataset'):
            own = image_names(*getattr(dataset, 'datasets', None) or [dataset.dataset])
        elif isinstance(dataset, BaseDataset):
            own = {path and os.path.realpath(path) for path in (
                dataset.get_data_info(index).get('img_path') for index in range(len(dataset)))}
        else:
            return None
        if own is None or None in own:
            return None
        names |= own
    return names


def contents(names: Iterable[str]) -> Contents:
    """The first digits of the SHA-256 of each image's file; '' for an image within an archive."""
    names = sorted(names)
    files = [name for name in names if os.path.isfile(name)]
    with ThreadPoolExecutor() as pool:
        digests = pool.map(lambda name: checksum(Path(name))[:16], files)
        return dict.fromkeys(names, '') | dict(zip(files, digests, strict=True))


def packed(images: Contents) -> dict[str, Any]:
    """The images by their names below their common folder, for a checkpoint."""
    root = os.path.dirname(os.path.commonprefix(list(images)))
    return dict(root=root, images={name[len(root):]: digest for name, digest in images.items()})


def trained_on(stored: Mapping[str, Mapping[str, Any]]) -> Contents:
    """All images that the weights of a checkpoint with this entry were trained on."""
    return {part['root'] + name: digest for key, part in stored.items() if key != 'val'
            for name, digest in part['images'].items()}


def twins(ours: Contents, others: Contents) -> str:
    """Describe images with one content under two names, or a changed one; '' if there are none."""
    names = {digest: name for name, digest in others.items() if digest}
    same = [f'{name} = {names[digest]}' for name, digest in ours.items()
            if digest in names and name not in others]
    same += [f'{name} (changed since)' for name, digest in ours.items()
             if others.get(name, digest) != digest]
    return f'{len(same)} images under two names or changed: {some(same, most=3)}' if same else ''


def changes(before: Contents, now: Contents) -> str:
    """Describe which images are new, missing or have another content; '' if none is."""
    differing = sorted({name for name, _ in before.items() ^ now.items()})
    return f'{len(differing)} are new, missing or changed: {some(differing, most=3)}' \
        if differing else ''
