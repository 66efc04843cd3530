"""Networks of Keras's layout against torchvision's, whose weights they get.

The Keras side is written down here by keras.applications' own rules, walking
through torchvision's modules; the converter's tables are not used. A network
of Keras that torchvision lacks (ResNet50's strides) is computed functionally.
The settings that the converter names decide what OpenMMLab's class computes.
"""
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import torchvision
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

import plugins.classification  # noqa: F401
from tools.model_converters.keras_layouts import ARCHITECTURES, inception_v3_names
from tools.model_converters.keras_to_mm import main

Arrays = dict[str, np.ndarray]
# What Keras's summary() prints for include_top=False: all weights that training changes.
TRAINABLE = {'vgg16': 14_714_688, 'resnet50': 23_534_592, 'densenet121': 6_953_856,
             'inception_v3': 21_768_352}


def network(name: str, **options: Any) -> nn.Module:
    """torchvision's network with random weights, its batch norms with Keras's epsilon."""
    torch.manual_seed(0)
    with torch.device('meta'):
        net = getattr(torchvision.models, name)(**options)
    if name == 'vgg16':
        del net.classifier
    net.to_empty(device='cpu').eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3 if name == 'inception_v3' else 1.001e-5
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if tensor.dim() > 1:
                nn.init.kaiming_normal_(tensor, nonlinearity='relu')
            elif key.endswith(('weight', 'running_var')):
                tensor.uniform_(0.5, 1.5)
            elif tensor.dim() == 1:
                tensor.normal_(0, 0.2)
    return net


def put_conv(arrays: Arrays, name: str, conv: nn.Conv2d) -> None:
    arrays[f'{name}/kernel'] = conv.weight.detach().permute(2, 3, 1, 0).numpy()
    if conv.bias is not None:
        arrays[f'{name}/bias'] = conv.bias.detach().numpy()


def put_norm(arrays: Arrays, name: str, norm: nn.BatchNorm2d, gamma: bool = True) -> None:
    if gamma:
        arrays[f'{name}/gamma'] = norm.weight.detach().numpy()
    else:
        nn.init.ones_(norm.weight)
    for keras, ours in (('beta', norm.bias), ('moving_mean', norm.running_mean),
                        ('moving_variance', norm.running_var)):
        arrays[f'{name}/{keras}'] = ours.detach().numpy()


def vgg16_arrays(net: nn.Module) -> Arrays:
    arrays: Arrays = {}
    block, number = 1, 1
    for module in net.features:
        if isinstance(module, nn.MaxPool2d):
            block, number = block + 1, 1
        elif isinstance(module, nn.Conv2d):
            put_conv(arrays, f'block{block}_conv{number}', module)
            number += 1
    return arrays


def densenet121_arrays(net: nn.Module) -> Arrays:
    arrays: Arrays = {}
    put_conv(arrays, 'conv1_conv', net.features.conv0)
    put_norm(arrays, 'conv1_bn', net.features.norm0)
    for stage in (1, 2, 3, 4):
        block = getattr(net.features, f'denseblock{stage}')
        for number, layer in enumerate(block.values(), start=1):
            name = f'conv{stage + 1}_block{number}'
            put_norm(arrays, f'{name}_0_bn', layer.norm1)
            put_conv(arrays, f'{name}_1_conv', layer.conv1)
            put_norm(arrays, f'{name}_1_bn', layer.norm2)
            put_conv(arrays, f'{name}_2_conv', layer.conv2)
        if stage < 4:
            transition = getattr(net.features, f'transition{stage}')
            put_norm(arrays, f'pool{stage + 1}_bn', transition.norm)
            put_conv(arrays, f'pool{stage + 1}_conv', transition.conv)
    put_norm(arrays, 'bn', net.features.norm5)
    return arrays


def inception_v3_arrays(net: nn.Module, first: int = 0) -> Arrays:
    """torchvision creates its branches in Keras's order, so modules() yields Keras's numbers."""
    arrays: Arrays = {}
    blocks = [module for module in net.modules() if type(module).__name__ == 'BasicConv2d']
    for number, block in enumerate(blocks, start=first):
        end = f'_{number}' if number else ''
        put_conv(arrays, f'conv2d{end}', block.conv)
        put_norm(arrays, f'batch_normalization{end}', block.bn, gamma=False)
    return arrays


def resnet50_arrays(seed: int = 0) -> Arrays:
    """ResNet50 has no namesake with biases in its convolutions: names and shapes by hand."""
    rng, arrays = np.random.default_rng(seed), {}
    def pair(name: str, *shape: int) -> None:
        arrays[f'{name}_conv/kernel'] = rng.normal(0, np.sqrt(1 / np.prod(shape[:3])), shape)
        arrays[f'{name}_conv/bias'] = rng.normal(0, 0.2, shape[3])
        arrays[f'{name}_bn/gamma'] = rng.uniform(0.5, 1.5, shape[3])
        arrays[f'{name}_bn/moving_variance'] = rng.uniform(0.5, 1.5, shape[3])
        for variable in ('beta', 'moving_mean'):
            arrays[f'{name}_bn/{variable}'] = rng.normal(0, 0.2, shape[3])
    pair('conv1', 7, 7, 3, 64)
    width = 64
    for name, inner, first, _ in blocks():
        if first:
            pair(f'{name}_0', 1, 1, width, 4 * inner)
        pair(f'{name}_1', 1, 1, width, inner)
        pair(f'{name}_2', 3, 3, inner, inner)
        pair(f'{name}_3', 1, 1, inner, 4 * inner)
        width = 4 * inner
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def blocks() -> Iterator[tuple[str, int, bool, int]]:
    """Yield Keras's name, inner channels, whether it is the first of a stage, stride."""
    for stage, count, inner in ((2, 3, 64), (3, 4, 128), (4, 6, 256), (5, 3, 512)):
        for number in range(1, count + 1):
            stride = 2 if number == 1 and stage > 2 else 1
            yield f'conv{stage}_block{number}', inner, number == 1, stride


def resnet50_forward(arrays: Arrays, x: Tensor) -> Tensor:
    """keras.applications.ResNet50 without its top: the stride is in the first 1x1 convolution."""
    w = {name: torch.from_numpy(array) for name, array in arrays.items()}

    def unit(x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        x = F.conv2d(x, w[f'{name}_conv/kernel'].permute(3, 2, 0, 1), w[f'{name}_conv/bias'],
                     stride, padding)
        return F.batch_norm(x, w[f'{name}_bn/moving_mean'], w[f'{name}_bn/moving_variance'],
                            w[f'{name}_bn/gamma'], w[f'{name}_bn/beta'], eps=1.001e-5)

    x = F.max_pool2d(F.pad(unit(x, 'conv1', 2, 3).relu(), (1, 1, 1, 1)), 3, 2)
    for name, _, first, stride in blocks():
        shortcut = unit(x, f'{name}_0', stride) if first else x
        y = unit(x, f'{name}_1', stride).relu()
        y = unit(y, f'{name}_2', padding=1).relu()
        x = (shortcut + unit(y, f'{name}_3')).relu()
    return x


def converted(arch: str, arrays: Arrays, folder: Path) -> nn.Module:
    """OpenMMLab's backbone by the converter's settings, loaded as a config would load it."""
    np.savez(folder / 'keras.npz', **arrays)
    counts = main([arch, str(folder / 'keras.npz'), str(folder / 'mm.pth')])
    assert counts['arrays'] == len(arrays)
    assert counts['parameters'] == TRAINABLE[arch]
    backbone = MODELS.build(dict(**ARCHITECTURES[arch].backbone, init_cfg=dict(
        type='Pretrained', checkpoint=str(folder / 'mm.pth'), min_loaded=1.)))
    backbone.init_weights()
    backbone.eval()
    return backbone


@pytest.mark.parametrize('arch, write, size', [
    ('vgg16', vgg16_arrays, 32), ('densenet121', densenet121_arrays, 40)])
@torch.no_grad()
def test_same_features_as_torchvision(tmp_path, arch, write, size):
    net = network(arch)
    backbone = converted(arch, write(net), tmp_path)
    images = torch.randn(2, 3, size, size)
    wanted = net.features(images)
    wanted = wanted.relu() if arch == 'densenet121' else wanted
    assert wanted.abs().max() > 1e-2
    torch.testing.assert_close(backbone(images)[-1], wanted, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_inception_v3_as_torchvision(tmp_path):
    net = network('inception_v3', aux_logits=False, init_weights=False)
    net.fc = nn.Identity()
    arrays = inception_v3_arrays(net)
    backbone = converted('inception_v3', arrays, tmp_path)
    images = torch.randn(2, 3, 80, 80)
    torch.testing.assert_close(backbone(images)[0], net(images), rtol=1e-4, atol=1e-4)
    for first in (0, 1, 94):  # Keras 3, Keras 2.0, the second network of a session
        shifted = inception_v3_arrays(net, first)
        assert list(inception_v3_names(shifted).values()) == list(arrays)


def test_inception_v3_numbers_are_counted():
    arrays = dict.fromkeys([f'conv2d_{i}/kernel' for i in range(1, 94)], np.zeros(1))
    with pytest.raises(ValueError, match='found 93 layers conv2d, conv2d_1, ..., expected 94'):
        inception_v3_names(arrays)


@torch.no_grad()
def test_resnet50_with_its_stride_in_front_and_biases_folded(tmp_path):
    arrays = resnet50_arrays()
    backbone = converted('resnet50', arrays, tmp_path)
    images = torch.randn(2, 3, 48, 64)
    wanted = resnet50_forward(arrays, images)
    torch.testing.assert_close(backbone(images)[-1], wanted, rtol=1e-4, atol=1e-4)
    other = MODELS.build({**ARCHITECTURES['resnet50'].backbone, 'style': 'pytorch'})
    other.load_state_dict(backbone.state_dict())
    other.eval()
    assert (other(images)[-1] - wanted).abs().max() > 0.1 * wanted.abs().max()


@torch.no_grad()
def test_published_h5_with_its_classifier(tmp_path):
    """Names as in densenet121_weights_tf_dim_ordering_tf_kernels.h5."""
    net = network('densenet121')
    arrays = densenet121_arrays(net)
    arrays['predictions/kernel'] = net.classifier.weight.detach().numpy().T
    arrays['predictions/bias'] = net.classifier.bias.detach().numpy()
    with h5py.File(tmp_path / 'a.h5', 'w') as file:
        for name, array in arrays.items():
            layer, variable = name.split('/')
            file[f'{layer}/{layer}/{variable}:0'] = array
    main(['densenet121', str(tmp_path / 'a.h5'), str(tmp_path / 'a.pth')])
    state = torch.load(tmp_path / 'a.pth', weights_only=True)['state_dict']
    assert torch.equal(state['head.fc.weight'], net.classifier.weight)
    assert torch.equal(state['head.fc.bias'], net.classifier.bias)
    assert len(state) == 604 + 2


def test_some_layers_of_a_network(tmp_path):
    arrays = {name: array for name, array in vgg16_arrays(network('vgg16')).items()
              if name.startswith(('block1', 'block2'))}
    np.savez(tmp_path / 'some.npz', **arrays)
    argv = ['vgg16', str(tmp_path / 'some.npz'), str(tmp_path / 'a.pth')]
    with pytest.raises(ValueError, match=r'block3_conv1/kernel: missing, expected shape \(3, 3, 1'):
        main(argv)
    assert main([*argv, '--partial'])['arrays'] == 8
    state = torch.load(tmp_path / 'a.pth', weights_only=True)['state_dict']
    # two convolutions and a pool, then two convolutions
    assert set(state) == {f'backbone.features.{i}.conv.{variable}' for i in (0, 1, 3, 4)
                          for variable in ('weight', 'bias')}
    del arrays['block1_conv1/bias']
    np.savez(tmp_path / 'some.npz', **arrays)
    with pytest.raises(ValueError, match='block1_conv1/bias: missing'):
        main([*argv, '--partial', '--overwrite'])


def test_classifier_of_vgg16_has_the_heads_names_and_shapes():
    shapes = {name: shape for layer in ARCHITECTURES['vgg16'].top()
              for name, shape in layer.shapes().items()}
    assert shapes == {'fc1/kernel': (25088, 4096), 'fc1/bias': (4096,),
                      'fc2/kernel': (4096, 4096), 'fc2/bias': (4096,),
                      'predictions/kernel': (4096, 1000), 'predictions/bias': (1000,)}
    assert [layer.names for layer in ARCHITECTURES['vgg16'].top()] \
        == [('head.layers.0.fc',), ('head.layers.1.fc',), ('head.layers.2.fc',)]
