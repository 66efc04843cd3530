"""Networks of Keras's layout against torchvision's, whose weights they get.

The Keras side is written down here by keras.applications' own rules, walking
through torchvision's modules; the converter's tables are not used. The settings
that the converter names decide what OpenMMLab's class computes.
"""
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
import torchvision
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from tools.model_converters.keras_layouts import ARCHITECTURES, dense, inception_v3_names
from tools.model_converters.keras_to_mm import main

Arrays = dict[str, np.ndarray]
# What Keras's summary() prints for include_top=False: all weights that training changes.
TRAINABLE = {'vgg16': 14_714_688, 'resnet50': 23_534_592, 'densenet121': 6_953_856,
             'inception_v3': 21_768_352}


def network(name: str) -> nn.Module:
    """torchvision's network with random weights, made to compute what Keras's does."""
    torch.manual_seed(0)
    options = dict(aux_logits=False, init_weights=False) if name == 'inception_v3' else {}
    with torch.device('meta'):
        net = getattr(torchvision.models, name)(**options)
    if name == 'vgg16':
        del net.classifier
    if name == 'resnet50':  # Keras's stride is in the first 1x1 convolution; all have a bias
        for stage in (net.layer2, net.layer3, net.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
        for module in net.modules():
            if isinstance(module, nn.Conv2d):
                module.bias = nn.Parameter(torch.empty(module.out_channels))
    net.to_empty(device='cpu').eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps = 1e-3 if name == 'inception_v3' else 1.001e-5
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if tensor.dim() > 1:
                nn.init.kaiming_normal_(  # residuals add up
                    tensor, nonlinearity='linear' if name == 'resnet50' else 'relu')
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


def resnet50_arrays(net: nn.Module) -> Arrays:
    arrays: Arrays = {}
    put_conv(arrays, 'conv1_conv', net.conv1)
    put_norm(arrays, 'conv1_bn', net.bn1)
    for stage in (1, 2, 3, 4):
        for number, block in enumerate(getattr(net, f'layer{stage}'), start=1):
            for part in (1, 2, 3):
                name = f'conv{stage + 1}_block{number}_{part}'
                put_conv(arrays, f'{name}_conv', getattr(block, f'conv{part}'))
                put_norm(arrays, f'{name}_bn', getattr(block, f'bn{part}'))
            if block.downsample is not None:
                put_conv(arrays, f'conv{stage + 1}_block{number}_0_conv', block.downsample[0])
                put_norm(arrays, f'conv{stage + 1}_block{number}_0_bn', block.downsample[1])
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


def features(arch: str, net: nn.Module, images: Tensor) -> Tensor:
    """What Keras returns for include_top=False; of Inception v3, pooled."""
    if arch in ('vgg16', 'densenet121'):
        return net.features(images).relu()
    if arch == 'resnet50':
        net.avgpool = nn.Identity()
    net.fc = nn.Identity()
    found = net(images)
    return found.reshape(len(images), 2048, -1, 2) if arch == 'resnet50' else found


def converted(arch: str, arrays: Arrays, folder: Path) -> nn.Module:
    """OpenMMLab's backbone by the converter's settings, loaded as a config would load it."""
    np.savez(folder / 'keras.npz', **arrays)
    counts = main([arch, str(folder / 'keras.npz'), str(folder / 'mm.pth')])
    assert counts == dict(arrays=len(arrays), parameters=TRAINABLE[arch])
    backbone = MODELS.build(dict(**ARCHITECTURES[arch].backbone, init_cfg=dict(
        type='Pretrained', checkpoint=str(folder / 'mm.pth'), min_loaded=1.)))
    backbone.init_weights()
    backbone.eval()
    return backbone


@pytest.mark.parametrize('arch, write, size', [
    ('vgg16', vgg16_arrays, 32), ('resnet50', resnet50_arrays, 48),
    ('densenet121', densenet121_arrays, 40), ('inception_v3', inception_v3_arrays, 80)])
@torch.no_grad()
def test_same_features_as_torchvision(tmp_path, arch, write, size):
    net = network(arch)
    backbone = converted(arch, write(net), tmp_path)
    images = torch.randn(2, 3, size, size)
    wanted = features(arch, net, images)
    assert wanted.abs().max() > 1e-2
    torch.testing.assert_close(backbone(images)[-1], wanted, rtol=1e-4, atol=1e-4)


def test_inception_v3_layers_are_counted():
    net = torchvision.models.inception_v3(aux_logits=False, init_weights=False)
    names = list(inception_v3_arrays(net))
    for first in (0, 1, 94):  # Keras 3, Keras 2.0, the second network of a session
        assert inception_v3_names(inception_v3_arrays(net, first)) == names
    assert inception_v3_names(['predictions/bias']) == ['predictions/bias']


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


def test_dense_layer_on_a_flattened_map():
    rng = np.random.default_rng(0)
    height, width, channels, outputs = 2, 3, 4, 5
    image = rng.normal(size=(height, width, channels))
    arrays = {'fc1/kernel': rng.normal(size=(24, outputs)), 'fc1/bias': rng.normal(size=outputs)}
    wanted = image.reshape(-1) @ arrays['fc1/kernel'] + arrays['fc1/bias']  # Keras's Flatten, Dense
    layer = dense('fc1', 'fc', 24, outputs, image=(height, width, channels))
    found = F.linear(torch.from_numpy(image.transpose(2, 0, 1)).float().flatten(), **{
        name: torch.from_numpy(np.ascontiguousarray(array, np.float32))
        for name, array in layer.tensors(arrays).items()})
    np.testing.assert_allclose(found.numpy(), wanted, rtol=1e-5)
