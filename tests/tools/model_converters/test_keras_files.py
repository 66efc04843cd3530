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
