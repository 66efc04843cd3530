"""Names against torchvision's networks, by their outputs (small ones) and shapes (all)."""
import re
from typing import Any

import pytest
import torch
import torchvision
from mmengine.registry import DefaultScope
from mmpretrain.models import VGG, AlexNet, ImageClassifier, InceptionV3
from torch import Tensor, nn

from plugins.classification.backbones import InceptionV3Features, TruncatedDenseNet
from plugins.classification.heads import MLPClsHead
from plugins.classification.necks import AdaptivePoolNeck
from plugins.classification.weight_layouts import classifier_names, layout_of, to_mm_layout
from plugins.engine.pretrained import Pretrained

LINEAR = dict(type='LinearClsHead', num_classes=10)
USED = (AdaptivePoolNeck, InceptionV3Features, MLPClsHead, TruncatedDenseNet)  # by name, below


def mlp(inputs: int, hidden: int = 4096) -> dict[str, Any]:
    return dict(type='MLPClsHead', num_classes=10, in_channels=inputs,
                mid_channels=[hidden, hidden], dropouts=[0., 0., 0.])


def vgg(depth: int, norm: bool = False, hidden: int = 4096) -> dict[str, Any]:
    return dict(backbone=dict(type='VGG', depth=depth, norm_cfg=dict(type='BN') if norm else None),
                neck=dict(type='AdaptivePoolNeck', output_size=7), head=mlp(512 * 49, hidden))


def alexnet(hidden: int = 4096) -> dict[str, Any]:
    return dict(backbone=dict(type='AlexNet'), head=mlp(256 * 36, hidden),
                neck=dict(type='AdaptivePoolNeck', output_size=6))


def pooled(channels: int, **backbone: Any) -> dict[str, Any]:
    return dict(backbone=backbone, neck=dict(type='GlobalAveragePooling'),
                head=dict(**LINEAR, in_channels=channels))


MODELS = {
    'alexnet': alexnet(), 'vgg11': vgg(11), 'vgg16': vgg(16),
    'vgg16_bn': vgg(16, True), 'vgg19': vgg(19),
    'resnet18': pooled(512, type='ResNet', depth=18),
    'resnet34': pooled(512, type='ResNet', depth=34),
    'resnet50': pooled(2048, type='ResNet', depth=50),
    'resnet152': pooled(2048, type='ResNet', depth=152),
    'densenet121': pooled(1024, type='DenseNet', arch='121'),
    'inception_v3': dict(backbone=dict(type='InceptionV3Features'),
                         head=dict(**LINEAR, in_channels=2048))}


def narrow(net: nn.Module, hidden: int = 16) -> nn.Module:
    """Replace the hidden layers of 4096, which take seconds to fill, by small ones."""
    inputs = [module.in_features for module in net.classifier if isinstance(module, nn.Linear)][0]
    widths = iter([(inputs, hidden), (hidden, hidden), (hidden, 10)])
    for i, module in enumerate(net.classifier):
        if isinstance(module, nn.Linear):
            net.classifier[i] = nn.Linear(*next(widths))
    return net


def tv(name: str, **options: Any) -> nn.Module:
    return getattr(torchvision.models, name)(num_classes=10, **options)


def theirs(name: str) -> nn.Module:
    """torchvision's network, random weights; BatchNorm statistics and biases random as well."""
    torch.manual_seed(0)
    if name.startswith(('vgg', 'alexnet')):
        with torch.device('meta'):
            net = tv(name)
        net = narrow(net)
        net.features.to_empty(device='cpu')
    else:
        net = tv(name, **(dict(init_weights=False) if name.startswith('incep') else {}))
    with torch.no_grad():
        for key, tensor in net.state_dict().items():
            if tensor.dim() > 1:
                nn.init.kaiming_normal_(tensor, nonlinearity='relu')
            elif key.endswith(('weight', 'running_var')):
                tensor.uniform_(0.5, 1.5)
            elif tensor.dim() == 1:
                tensor.normal_(0, 0.2)
    return net.eval()


def ours(settings: dict[str, Any], device: str = 'cpu') -> ImageClassifier:
    if settings['backbone']['type'] == 'ResNet':
        device = 'cpu'  # mmpretrain's asks for a tensor's value, which 'meta' has not
    with torch.device(device):
        net = ImageClassifier(**settings)
    net.eval()
    return net


def scores(net: ImageClassifier, images: Tensor) -> Tensor:
    return net.head(net.extract_feat(images))


def weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in net.state_dict().items()
            if 'data_preprocessor' not in name}


@pytest.mark.parametrize('name, settings, size', [
    ('alexnet', alexnet(16), 80), ('vgg11', vgg(11, hidden=16), 40),
    ('vgg11_bn', vgg(11, True, hidden=16), 40), ('resnet18', MODELS['resnet18'], 40),
    ('resnet50', MODELS['resnet50'], 40), ('densenet121', MODELS['densenet121'], 40),
    ('inception_v3', MODELS['inception_v3'], 80)])
@torch.no_grad()
def test_same_outputs_as_torchvision(tmp_path, name, settings, size, capsys):
    net, model = theirs(name), ours(settings)
    if name == 'densenet121':  # as in the published densenet121-a639ec97.pth
        old = {re.sub(r'(norm|conv)(\d)\.(\w+)$', r'\1.\2.\3', key) if 'denselayer' in key else key:
               tensor for key, tensor in net.state_dict().items()}
        assert 'features.denseblock1.denselayer1.norm.1.weight' in old
        torch.save(old, tmp_path / 'a.pth')
    else:
        torch.save(net.state_dict(), tmp_path / 'a.pth')
    Pretrained(str(tmp_path / 'a.pth'), min_loaded=1.)(model)
    # aux_logits: 2 convolutions with norm (5 tensors each), 1 linear layer (2)
    assert capsys.readouterr().out.endswith(
        f'left over in the file: {12 if name == "inception_v3" else 0}\n')
    images = torch.randn(2, 3, size, size)
    wanted = net(images)
    assert wanted.abs().max() > 1e-2
    torch.testing.assert_close(scores(model, images), wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('name', MODELS)
def test_every_name_and_shape(name):
    with torch.device('meta'):
        net = tv(name, **(dict(aux_logits=False, init_weights=False) if 'incep' in name else {}))
    model = ours(MODELS[name], 'meta')
    renamed = to_mm_layout(net.state_dict(), model)
    assert {key: tensor.shape for key, tensor in renamed.items()} \
        == {key: tensor.shape for key, tensor in weights(model).items()}


@pytest.mark.parametrize('name, cls, options', [
    ('vgg16', VGG, dict(depth=16, num_classes=10)), ('alexnet', AlexNet, dict(num_classes=10)),
    ('inception_v3', InceptionV3, dict(num_classes=10))])
def test_mmpretrains_zoo_keeps_classifiers_in_the_backbone(name, cls, options):
    with torch.device('meta'):
        zoo = {f'backbone.{key}': tensor for key, tensor in cls(**options).state_dict().items()}
        own = ImageClassifier(backbone=dict(type=cls.__name__, **options))
    model = ours(MODELS[name], 'meta')
    renamed = to_mm_layout(zoo, model)
    assert {key: tensor.shape for key, tensor in renamed.items()} \
        == {key: tensor.shape for key, tensor in weights(model).items()}
    assert set(to_mm_layout(zoo, own)) == set(zoo)  # the class that the zoo's file is of


@torch.no_grad()
def test_truncated_densenet_takes_what_it_has(tmp_path, capsys):
    net = theirs('densenet121')
    torch.save(net.state_dict(), tmp_path / 'a.pth')
    backbone = TruncatedDenseNet(num_stages=2, init_cfg=dict(
        type='Pretrained', checkpoint=str(tmp_path / 'a.pth'), min_loaded=1.))
    with DefaultScope.overwrite_default_scope('mmpretrain'):  # as within a runner
        backbone.init_weights()
    backbone.train(False)
    # The stem and a transition have 5 tensors that count, a dense layer 10; a DenseNet121, with
    # its last norm (4) and its classifier (2), 5 + 58 * 10 + 3 * 5 + 4 + 2 = 606.
    loaded = 5 + (6 + 12) * 10 + 2 * 5
    out = capsys.readouterr().out
    assert f'TruncatedDenseNet: {loaded} of {loaded} tensors' in out
    assert f'left over in the file: {606 - loaded}\n' in out
    features = net.features[:net_index(net, 'transition2') + 1]
    images = torch.randn(1, 3, 40, 40)
    torch.testing.assert_close(backbone(images)[0], features(images), rtol=1e-4, atol=1e-4)


def net_index(net: nn.Module, name: str) -> int:
    return [child for child, _ in net.features.named_children()].index(name)


def test_unknown_and_stray_names_stay_as_they_are():
    names = ['conv1.conv.weight', 'layer1.0.conv.0.conv.weight', 'features.0.conv.weight']
    assert layout_of(names) is None
    assert classifier_names(names) == {name: name for name in names}
    names = [f'features.{i}.weight' for i in (0, 3, 6, 8, 10)] + ['classifier.7.x', 'extra.bias']
    assert layout_of(names) == 'AlexNet'
    assert [classifier_names(names)[name] for name in names[5:]] == names[5:]
    assert layout_of([f'features.{i}.weight' for i in (0, 2, 6)]) is None
