"""Read the weights of a Keras model in any of its file formats."""
import re
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np

_KERAS_1 = {'W': 'kernel', 'b': 'bias'}  # as in the VGG files of 2016: block1_conv1_W_1:0
_EXPANSION = 100  # an array may take this many times the size of its file
_NOT_LAYERS = ('optimizer_weights', 'top_level_model_weights')


def read_arrays(src: Path) -> dict[str, np.ndarray]:
    """Read every array of SRC under ``layer/variable``.

    Args:
        src: An .npz whose arrays have these names, or an .h5: Keras's
            published files, ``model.save_weights`` of Keras 1 and 2, or
            ``model.save`` of any version. Told apart by content.

    Raises:
        OSError: SRC is missing or cannot be opened.
        ValueError: It is neither; or an array in it is damaged, pickled, in
            another file, far larger than SRC, or present under two names.
    """
    if not src.is_file():
        raise FileNotFoundError(f'{src}: no such file, expected an .npz or .h5 with weights')
    with src.open('rb') as file:
        is_zip = zipfile.is_zipfile(file)
    if is_zip:
        found = _read_npz(src)
    elif h5py.is_hdf5(src):
        found = _read_h5(src)
    else:
        raise ValueError(f'{src}: neither .npz (a zip archive of .npy arrays) nor .h5')
    arrays: dict[str, np.ndarray] = {}
    for name, array in found:
        # Keras 3 calls a depthwise kernel ``kernel``; we use its older, distinct name.
        key = name.replace('_depthwise/kernel', '_depthwise/depthwise_kernel')
        if key in arrays:
            raise ValueError(f'{src}: {key} found twice (once as {name}), expected once')
        arrays[key] = array
    return arrays


def _read_npz(src: Path) -> list[tuple[str, np.ndarray]]:
    found = []
    with np.load(src, allow_pickle=False) as archive:
        for info in archive.zip.infolist():
            _check_size(src, info.filename, info.file_size)
        for name in archive.files:
            try:
                found.append((name, np.asarray(archive[name])))
            except (ValueError, EOFError, MemoryError, zipfile.BadZipFile,
                    zlib.error) as error:
                raise ValueError(f'{src}: {name} cannot be read: {error}') from error
    return found


def _read_h5(src: Path) -> list[tuple[str, np.ndarray]]:
    found = []

    def read(name: str, item: h5py.HLObject) -> None:
        if '/vars/' in f'/{name}':
            raise ValueError(f'{src}: a .weights.h5 of Keras 3, which numbers its variables '
                             f"({name}); expected names. Save with model.save('x.h5')")
        if isinstance(item, h5py.Dataset) and not name.startswith(_NOT_LAYERS):
            if item.external or item.is_virtual:
                raise ValueError(f'{src}: {item.name} refers to other files, expected its values '
                                 'in this one; save the model anew')
            _check_size(src, item.name, item.nbytes)
            found.append((_h5_key(name), np.asarray(item)))

    try:
        with h5py.File(src) as file:
            root = file.get('model_weights', file)
            if not isinstance(root, h5py.Group) or root.file.filename != file.filename:
                raise ValueError(f'{src}: model_weights is no group of this file, expected the '
                                 'layers in it; save the model anew')
            root.visititems(read)
    except (OSError, RuntimeError, MemoryError) as error:  # HDF5's message does not name the file
        raise ValueError(f'{src}: damaged, {error}; download or save it anew') from error
    return found


def _check_size(src: Path, name: str, found: int) -> None:
    size = src.stat().st_size
    if found > _EXPANSION * size:
        raise ValueError(f'{src}: {name} shall have {found} bytes, expected at most '
                         f'{_EXPANSION} times the {size} of the file; download or save it anew')


def _h5_key(name: str) -> str:
    """``layer/variable`` for ``layer/layer/kernel:0``, ``layer/layer_1/kernel:0`` and Keras 1's."""
    layer, _, rest = name.partition('/')
    variable = re.sub(r':\d+$', '', rest.rpartition('/')[2])
    old = re.fullmatch(rf'{re.escape(layer)}_([Wb])(?:_\d+)?', variable)
    return f'{layer}/{_KERAS_1[old[1]] if old else variable}'
