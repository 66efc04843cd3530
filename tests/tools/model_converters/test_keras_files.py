import io
import zipfile

import h5py
import numpy as np
import pytest

from tools.model_converters.keras_files import read_arrays

KERNEL, BIAS = np.arange(6.).reshape(2, 3), np.arange(3.)


def write_h5(path, datasets):
    with h5py.File(path, 'w') as file:
        for name, array in datasets.items():
            file[name] = array


@pytest.mark.parametrize('kernel, bias', [
    ('fc1/fc1/kernel:0', 'fc1/fc1/bias:0'),                              # Keras 2
    ('fc1/fc1_3/kernel:0', 'fc1/fc1_3/bias:0'),                          # a model made anew
    ('fc1/fc1_W_1:0', 'fc1/fc1_b_1:0'),                                  # Keras 1, VGG of 2016
    ('fc1/fc1_W:0', 'fc1/fc1_b:0'),
    ('model_weights/fc1/fc1/kernel:0', 'model_weights/fc1/fc1/bias:0'),  # model.save
    ('model_weights/fc1/vgg16/fc1/kernel', 'model_weights/fc1/vgg16/fc1/bias')])  # Keras 3's
def test_every_kind_of_h5(tmp_path, kernel, bias):
    optimizer = {'optimizer_weights/fc1/m:0': BIAS} if 'model_weights' in kernel else {}
    write_h5(tmp_path / 'a.h5', {kernel: KERNEL, bias: BIAS, **optimizer})
    arrays = read_arrays(tmp_path / 'a.h5')
    assert {name: array.tolist() for name, array in arrays.items()} \
        == {'fc1/kernel': KERNEL.tolist(), 'fc1/bias': BIAS.tolist()}


def test_content_decides_not_the_name(tmp_path):
    with (tmp_path / 'a.h5').open('wb') as file:
        np.savez(file, **{'fc1/kernel': KERNEL, 'block_1_depthwise/kernel': BIAS})
    assert set(read_arrays(tmp_path / 'a.h5')) \
        == {'fc1/kernel', 'block_1_depthwise/depthwise_kernel'}


def test_numbered_variables_of_keras_3_are_refused(tmp_path):
    write_h5(tmp_path / 'a.weights.h5', {'layers/dense/vars/0': KERNEL})
    with pytest.raises(ValueError, match=r'a .weights.h5 of Keras 3, which numbers its '
                       r'variables \(layers/dense/vars/0\)'):
        read_arrays(tmp_path / 'a.weights.h5')


def test_a_layer_under_two_names_is_refused(tmp_path):
    write_h5(tmp_path / 'a.h5', {'fc1/fc1/kernel:0': KERNEL, 'fc1/fc1_1/kernel:0': KERNEL})
    with pytest.raises(ValueError, match='a.h5: fc1/kernel found twice'):
        read_arrays(tmp_path / 'a.h5')


@pytest.mark.parametrize(('form', 'message'), [
    ('external', 'a.h5: /c/kernel:0 refers to other files'),
    ('virtual', 'a.h5: /c/kernel:0 refers to other files'),
    ('link', 'a.h5: model_weights is no group of this file'),
    ('large', 'a.h5: /c/kernel:0 shall have 274877906944 bytes, expected at most 100 times'),
    ('npz', 'a.h5: c/kernel cannot be read: '), ('zip', 'a.h5: c/kernel.npy shall have 40000128')])
def test_a_file_reads_no_other_and_is_not_far_larger_than_it_says(tmp_path, form, message):
    (tmp_path / 'other').write_bytes(bytes(64))
    if form == 'npz':
        header = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            header, dict(descr='<f4', fortran_order=False, shape=(2 ** 50,)))
        with zipfile.ZipFile(tmp_path / 'a.h5', 'w') as archive:
            archive.writestr('c/kernel.npy', header.getvalue())
    elif form == 'zip':
        with (tmp_path / 'a.h5').open('wb') as file:
            np.savez_compressed(file, **{'c/kernel': np.zeros(5_000_000)})
    else:
        write_h5(tmp_path / 'b.h5', {'c/kernel:0': KERNEL})
        with h5py.File(tmp_path / 'a.h5', 'w') as file:
            if form == 'external':
                file.create_dataset('c/kernel:0', (64,), 'u1',
                                    external=[(tmp_path / 'other', 0, 64)])
            elif form == 'virtual':
                layout = h5py.VirtualLayout(KERNEL.shape, float)
                layout[:] = h5py.VirtualSource(tmp_path / 'b.h5', 'c/kernel:0', KERNEL.shape)
                file.create_virtual_dataset('c/kernel:0', layout)
            elif form == 'link':
                file['model_weights'] = h5py.ExternalLink(str(tmp_path / 'b.h5'), '/')
            else:
                file.create_dataset('c/kernel:0', (2 ** 36,), 'f4', chunks=(1024,))
    with pytest.raises(ValueError, match=message):
        read_arrays(tmp_path / 'a.h5')


def test_damaged_and_other_files_are_named(tmp_path):
    (tmp_path / 'text.h5').write_text('no h5')
    with pytest.raises(ValueError, match='text.h5: neither .npz .* nor .h5'):
        read_arrays(tmp_path / 'text.h5')
    write_h5(tmp_path / 'cut.h5', {'fc1/fc1/kernel:0': np.zeros(5000)})
    content = (tmp_path / 'cut.h5').read_bytes()
    (tmp_path / 'cut.h5').write_bytes(content[:3000])
    with pytest.raises(ValueError, match='cut.h5: damaged, .*truncated'):
        read_arrays(tmp_path / 'cut.h5')
    with pytest.raises(FileNotFoundError, match='none.h5: no such file, expected an .npz or .h5'):
        read_arrays(tmp_path / 'none.h5')
