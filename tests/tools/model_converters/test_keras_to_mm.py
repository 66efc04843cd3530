"""The converted MobileNetV2, layer by layer, against Keras's arithmetic written out in NumPy.

The reference takes the arrays as Keras stores them (H W I O) and images N H W C,
in float64, pads by TensorFlow's formula and finds its way by table 2 of arXiv
1801.04381: it shares no line with the converter, mmcv, mmdet or mmpretrain.
The other architectures are in test_keras_layouts.py.
"""
import importlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from plugins.engine.lean_import import without
from tools.model_converters.keras_layouts import ARCHITECTURES
from tools.model_converters.keras_to_mm import main

BACKBONE = ARCHITECTURES['mobilenet_v2'].backbone
PREFIXES = {'mmdet': 'mmdet.', 'mmpretrain': 'backbone.'}

TABLE_2 = [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
           (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]  # t, c, n, s
# Largest error of a layer as a share of its largest value: found 7e-7, and 2e-5 with the real
# weights, some of whose variances are tiny. A wrong setting makes it 9e-3 or more.
TOLERANCE = 5e-6

Arrays = dict[str, np.ndarray]


def blocks() -> Iterator[tuple[str, str, int, int, int, int]]:
    """Yield Keras's name, OpenMMLab's, t, input channels, output channels and stride."""
    channels, keras = 32, 'expanded_conv'
    number = 0
    for row, (t, c, n, s) in enumerate(TABLE_2):
        for repeat in range(n):
            yield keras, f'layer{row + 1}.{repeat}', t, channels, c, s if repeat == 0 else 1
            number, channels = number + 1, c
            keras = f'block_{number}'


def random_arrays(seed: int = 0) -> Arrays:
    """Random weights in the layout of the real file.

    Kernels are He's times 0.2 and the variances fit, which keeps activations near
    one through 52 layers and makes the epsilon matter; one offset in 32 reaches
    ReLU6's upper end.
    """
    rng, arrays = np.random.default_rng(seed), {}

    def add(kernel: str, norm: str, shape: tuple[int, ...], channels: int) -> None:
        scale = 0.2 * np.sqrt(2 * channels / np.prod(shape))  # the product counts all inputs
        arrays[kernel] = rng.normal(0, scale, shape)
        arrays[f'{norm}/gamma'] = rng.uniform(0.5, 1.5, channels)
        arrays[f'{norm}/beta'] = rng.normal(0, 0.2, channels) + 6 * (rng.random(channels) < 1 / 32)
        arrays[f'{norm}/moving_mean'] = rng.normal(0, 0.04, channels)
        arrays[f'{norm}/moving_variance'] = rng.uniform(0.05, 0.15, channels)

    add('Conv1/kernel', 'bn_Conv1', (3, 3, 3, 32), 32)
    for name, _, t, c_in, c_out, _ in blocks():
        if t > 1:
            add(f'{name}_expand/kernel', f'{name}_expand_BN', (1, 1, c_in, t * c_in), t * c_in)
        add(f'{name}_depthwise/depthwise_kernel', f'{name}_depthwise_BN',
            (3, 3, t * c_in, 1), t * c_in)
        add(f'{name}_project/kernel', f'{name}_project_BN', (1, 1, t * c_in, c_out), c_out)
    add('Conv_1/kernel', 'Conv_1_bn', (1, 1, 320, 1280), 1280)
    return {key: array.astype(np.float32) for key, array in arrays.items()}


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's 'SAME': ceil(size / stride) outputs, an odd zero goes to the end."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def taps(x: np.ndarray, kernel: int, stride: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Yield, for every kernel position, the N H W C inputs it meets."""
    height, width = x.shape[1:3]
    x = np.pad(x, [(0, 0), same_padding(height, kernel, stride),
                   same_padding(width, kernel, stride), (0, 0)])
    for i in range(kernel):
        for j in range(kernel):
            down, right = i + -(-height // stride) * stride, j + -(-width // stride) * stride
            yield i, j, x[:, i:down:stride, j:right:stride]


def convolve(x: np.ndarray, weight: np.ndarray, stride: int = 1) -> np.ndarray:
    return sum(tap @ weight[i, j] for i, j, tap in taps(x, len(weight), stride))


def depthwise(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    return sum(tap * weight[i, j, :, 0] for i, j, tap in taps(x, len(weight), stride))


def normalise(x: np.ndarray, arrays: Arrays, name: str) -> np.ndarray:
    gamma, beta, mean, variance = (
        arrays[f'{name}/{key}'] for key in ('gamma', 'beta', 'moving_mean', 'moving_variance'))
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


def relu6(x: np.ndarray) -> np.ndarray:
    return np.clip(x, 0, 6)


def keras_forward(arrays: Arrays, images: np.ndarray) -> Arrays:
    """Outputs (N H W C) of the stem, the 17 blocks and the last layer, by OpenMMLab's names."""
    arrays = {key: array.astype(np.float64) for key, array in arrays.items()}
    x = relu6(normalise(convolve(images, arrays['Conv1/kernel'], 2), arrays, 'bn_Conv1'))
    outputs = {'conv1': x}
    for name, mm_name, t, c_in, c_out, stride in blocks():
        y = x
        if t > 1:
            y = convolve(y, arrays[f'{name}_expand/kernel'])
            y = relu6(normalise(y, arrays, f'{name}_expand_BN'))
        y = depthwise(y, arrays[f'{name}_depthwise/depthwise_kernel'], stride)
        y = relu6(normalise(y, arrays, f'{name}_depthwise_BN'))
        y = normalise(convolve(y, arrays[f'{name}_project/kernel']), arrays, f'{name}_project_BN')
        x = outputs[mm_name] = x + y if stride == 1 and c_in == c_out else y
    outputs['conv2'] = relu6(normalise(convolve(x, arrays['Conv_1/kernel']), arrays, 'Conv_1_bn'))
    return outputs


def build(package: str, checkpoint: Path) -> torch.nn.Module:
    """OpenMMLab's backbone, loaded as a config would load it."""
    with without({'mmdet': 'mmpretrain', 'mmpretrain': 'mmdet'}[package]):
        module = importlib.import_module(f'{package}.models.backbones.mobilenet_v2')
    init_cfg = {'type': 'Pretrained', 'checkpoint': str(checkpoint), 'prefix': PREFIXES[package]}
    settings = {**BACKBONE, 'init_cfg': init_cfg}
    model = getattr(module, settings.pop('type'))(**settings)
    model.init_weights()
    model.eval()  # returns None: OpenMMLab's train() does
    return model


@torch.no_grad()
def mm_forward(model: torch.nn.Module, images: np.ndarray, names: list[str]) -> Arrays:
    """Outputs of the modules called `names`, N H W C."""
    outputs, modules = {}, dict(model.named_modules())
    for name in names:
        modules[name].register_forward_hook(
            lambda _module, _inputs, output, name=name: outputs.__setitem__(name, output))
    model(torch.from_numpy(images).float().permute(0, 3, 1, 2))
    return {name: output.permute(0, 2, 3, 1).numpy() for name, output in outputs.items()}


def layer_errors(
    arrays: Arrays, model: torch.nn.Module, height: int, width: int,
) -> dict[str, float]:
    """Largest error of each of the 19 layers, as a share of the layer's largest value."""
    images = np.random.default_rng(1).uniform(-1, 1, (2, height, width, 3))
    wanted = keras_forward(arrays, images)
    found = mm_forward(model, images, list(wanted))
    return {name: float(np.abs(found[name] - wanted[name]).max() / np.abs(wanted[name]).max())
            for name in wanted}


@pytest.fixture(scope='module')
def arrays() -> Arrays:
    return random_arrays()


@pytest.fixture(scope='module')
def source(arrays: Arrays, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp('keras') / 'keras.npz'
    np.savez(path, **arrays)
    return path


@pytest.fixture(scope='module')
def checkpoint(source: Path) -> Path:
    path = source.parent / 'new' / 'converted.pth'
    main(['mobilenet_v2', str(source), str(path)])
    return path


@pytest.mark.parametrize('package', ['mmdet', 'mmpretrain'])
@pytest.mark.parametrize(('height', 'width'), [(96, 96), (64, 128), (75, 101)])
def test_every_layer_computes_what_keras_computes(arrays, checkpoint, package, height, width):
    errors = layer_errors(arrays, build(package, checkpoint), height, width)
    assert len(errors) == 19
    assert max(errors.values()) < TOLERANCE, errors


@pytest.mark.parametrize('package', ['mmdet', 'mmpretrain'])
def test_checkpoint_fills_every_weight(checkpoint, package):
    state = torch.load(checkpoint, weights_only=True)['state_dict']
    prefix = PREFIXES[package]
    state = {key.removeprefix(prefix): tensor for key, tensor in state.items()
             if key.startswith(prefix)}
    model = build(package, checkpoint)
    model.load_state_dict(state, strict=True)
    assert len(state) == 260
    assert checkpoint.stat().st_size < 1.1 * 4 * 2_257_984  # the second set takes no space
    # 2,257,984 values and 2,223,872 parameters are what Keras's summary() prints.
    assert sum(tensor.numel() for tensor in state.values()) == 2_257_984
    assert sum(parameter.numel() for parameter in model.parameters()) == 2_223_872


def test_printed_config_is_what_was_tested(source, tmp_path, capsys):
    counts = main(['mobilenet_v2', str(source), str(tmp_path / 'a.pth')])
    assert counts == {'arrays': 260, 'parameters': 2_223_872}
    summary, title, config = capsys.readouterr().out.split('\n', 2)
    assert summary == f'{tmp_path / "a.pth"}: 260 arrays, 2,223,872 parameters'
    assert title == 'In a config:'
    settings = eval(f'dict({config})')
    backbone, init_cfg = settings['backbone'], settings['backbone'].pop('init_cfg')
    assert backbone == BACKBONE
    # preprocess_input of keras.applications.mobilenet_v2: x / 127.5 - 1, in RGB
    assert settings['data_preprocessor'] == {
        'type': 'BatchDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3}
    assert init_cfg['checkpoint'] == str(tmp_path / 'a.pth')
    assert torch.load(init_cfg['checkpoint'], weights_only=True)['meta']['backbone'] == BACKBONE


def convert_with(arrays: Arrays, folder: Path, **changes: np.ndarray | None) -> str:
    """The error for `arrays` with some replaced, added or, where None, left out."""
    changed = {key: a for key, a in {**arrays, **changes}.items() if a is not None}
    np.savez(folder / 'bad.npz', **changed)
    with pytest.raises(ValueError) as error:
        main(['mobilenet_v2', str(folder / 'bad.npz'), str(folder / 'a.pth')])
    assert not (folder / 'a.pth').exists()
    return str(error.value)


@pytest.mark.parametrize(('key', 'value', 'message'), [
    ('block_3_project/kernel', None, 'missing, expected shape (1, 1, 144, 32)'),
    ('Conv1/kernel', np.zeros((32, 3, 3, 3), np.float32),
     'found shape (32, 3, 3, 3), expected (3, 3, 3, 32)'),
    ('Logits/kernel', np.zeros((1280, 1000), np.float32),
     'found shape (1280, 1000), expected no such array'),
    ('bn_Conv1/gamma', np.full(32, np.nan, np.float32), 'found NaN or infinity, expected finite'),
    ('bn_Conv1/beta', np.zeros(32, np.int64), 'found int64, expected floats'),
    ('block_3_depthwise/kernel', np.zeros((3, 3, 144, 1), np.float32), 'found twice'),
    ('bn_Conv1/beta', np.array([None] * 32), 'cannot be read'),
])
def test_error_names_the_array(arrays, tmp_path, key, value, message):
    text = convert_with(arrays, tmp_path, **{key: value})
    assert str(tmp_path / 'bad.npz') in text
    assert key.replace('block_3_depthwise/kernel', 'block_3_depthwise/depthwise_kernel') in text
    assert message in text
