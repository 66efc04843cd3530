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
from tests.plugins.classification.test_against_torchvision import theirs

LINEAR = dict(type='LinearClsHead', num_classes=10)
USED = (AdaptivePoolNeck, InceptionV3Features, MLPClsHead, TruncatedDenseNet)  # by name, below


def mlp(inputs: int) -> dict[str, Any]:
    return dict(type='MLPClsHead', num_classes=10, in_channels=inputs, mid_channels=[4096, 4096],
                dropouts=[0., 0., 0.])


def vgg(depth: int, norm: bool = False) -> dict[str, Any]:
    return dict(backbone=dict(type='VGG', depth=depth, norm_cfg=dict(type='BN') if norm else None),
                neck=dict(type='AdaptivePoolNeck', output_size=7), head=mlp(512 * 49))


def pooled(channels: int, **backbone: Any) -> dict[str, Any]:
    return dict(backbone=backbone, neck=dict(type='GlobalAveragePooling'),
                head=dict(**LINEAR, in_channels=channels))


MODELS = {
    'alexnet': dict(backbone=dict(type='AlexNet'), head=mlp(256 * 36),
                    neck=dict(type='AdaptivePoolNeck', output_size=6)),
    'vgg11_bn': vgg(11, True), 'vgg16': vgg(16), 'vgg19': vgg(19),
    'resnet18': pooled(512, type='ResNet', depth=18),
    'resnet34': pooled(512, type='ResNet', depth=34),
    'resnet50': pooled(2048, type='ResNet', depth=50),
    'resnet152': pooled(2048, type='ResNet', depth=152),
    'densenet121': pooled(1024, type='DenseNet', arch='121'),
    'inception_v3': dict(backbone=dict(type='InceptionV3Features'),
                         head=dict(**LINEAR, in_channels=2048))}


def ours(settings: dict[str, Any], device: str = 'cpu') -> ImageClassifier:
    if settings['backbone']['type'] == 'ResNet':
        device = 'cpu'  # mmpretrain's asks for a tensor's value, which 'meta' has not
    with torch.device(device):
        net = ImageClassifier(**settings)
    net.eval()
    return net


def weights(net: nn.Module) -> dict[str, Tensor]:
    return {name: tensor for name, tensor in net.state_dict().items()
            if 'data_preprocessor' not in name}


@pytest.mark.parametrize('name', ['vgg11_bn', 'densenet121'])
@torch.no_grad()
def test_a_loaded_file_computes_what_torchvision_does(tmp_path, name, capsys):
    """Of other networks, and of what the configs make of them: test_against_torchvision.py."""
    net, model = theirs(name), ours(MODELS[name])
    state = net.state_dict()
    if name == 'densenet121':  # as in the published densenet121-a639ec97.pth
        state = {re.sub(r'(norm|conv)(\d)\.(\w+)$', r'\1.\2.\3', key) if 'denselayer' in key
                 else key: tensor for key, tensor in state.items()}
        assert 'features.denseblock1.denselayer1.norm.1.weight' in state
    torch.save(state, tmp_path / 'a.pth')
    Pretrained(str(tmp_path / 'a.pth'), min_loaded=1.)(model)
    assert capsys.readouterr().out.endswith('left over in the file: 0\n')
    images = torch.randn(2, 3, 40, 40)
    wanted = net(images)
    assert wanted.abs().max() > 1e-2
    found = model.head(model.extract_feat(images))
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize('name', MODELS)
def test_every_name_and_shape(name):
    with torch.device('meta'):
        options = dict(aux_logits=False, init_weights=False) if 'incep' in name else {}
        net = getattr(torchvision.models, name)(num_classes=10, **options)
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
    assert f'left over in the file: {606 - loaded} (stages.2.' in out
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
