import numpy as np
import torch
from torch.nn import functional as F

from tools.model_converters.keras_layers import Dense, Norm


def tensors(layer, arrays):
    return {name: torch.from_numpy(np.ascontiguousarray(array, np.float32))
            for name, array in layer.tensors(arrays).items()}


def test_dense_layer_on_a_flattened_map():
    rng = np.random.default_rng(0)
    height, width, channels, outputs = 2, 3, 4, 5
    image = rng.normal(size=(height, width, channels))
    arrays = {'fc1/kernel': rng.normal(size=(24, outputs)), 'fc1/bias': rng.normal(size=outputs)}
    wanted = image.reshape(-1) @ arrays['fc1/kernel'] + arrays['fc1/bias']  # Keras's Flatten, Dense
    layer = Dense('fc1', ('fc',), (24, outputs), image=(height, width, channels))
    found = F.linear(torch.from_numpy(image.transpose(2, 0, 1)).float().flatten(),
                     **tensors(layer, arrays))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)


def test_bias_of_a_convolution_goes_into_the_norm_behind_it():
    rng = np.random.default_rng(0)
    names = ['bn/gamma', 'bn/beta', 'bn/moving_mean', 'conv/bias']
    arrays = {name: rng.normal(size=3) for name in names}
    arrays['bn/moving_variance'] = rng.uniform(1, 2, 3)
    x = rng.normal(size=(6, 3))
    wanted = arrays['bn/gamma'] * (x + arrays['conv/bias'] - arrays['bn/moving_mean']) \
        / np.sqrt(arrays['bn/moving_variance'] + 1e-3) + arrays['bn/beta']
    layer = Norm('bn', ('bn',), 3, bias_of='conv')
    assert layer.shapes() == dict.fromkeys(arrays, (3,))
    found = F.batch_norm(torch.from_numpy(x).float(), eps=1e-3, **tensors(layer, arrays))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-4, atol=1e-5)


def test_norm_without_gamma_scales_by_one():
    arrays = {f'bn/{name}': np.full(2, 3.) for name in ('beta', 'moving_mean', 'moving_variance')}
    assert Norm('bn', ('bn',), 2, scale=False).tensors(arrays)['weight'].tolist() == [1, 1]
