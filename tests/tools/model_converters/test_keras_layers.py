import numpy as np
import torch
from torch.nn import functional as F

from tools.model_converters.keras_layers import dense


def tensors(layer, arrays):
    return {name: torch.from_numpy(np.ascontiguousarray(array, np.float32))
            for name, array in layer.tensors(arrays).items()}


def test_dense_layer_on_a_flattened_map():
    rng = np.random.default_rng(0)
    height, width, channels, outputs = 2, 3, 4, 5
    image = rng.normal(size=(height, width, channels))
    arrays = {'fc1/kernel': rng.normal(size=(24, outputs)), 'fc1/bias': rng.normal(size=outputs)}
    wanted = image.reshape(-1) @ arrays['fc1/kernel'] + arrays['fc1/bias']  # Keras's Flatten, Dense
    layer = dense('fc1', 'fc', 24, outputs, image=(height, width, channels))
    found = F.linear(torch.from_numpy(image.transpose(2, 0, 1)).float().flatten(),
                     **tensors(layer, arrays))
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)
