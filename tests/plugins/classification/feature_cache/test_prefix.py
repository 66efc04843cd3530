"""What of a classifier is frozen, and what that part gives."""
from typing import Any

import pytest
import torch
from mmpretrain.models.backbones import ResNet
from mmpretrain.registry import MODELS
from torch import nn

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.datasets import ArrayDataset
from plugins.classification.feature_cache import FrozenPrefix, what_learns
from plugins.engine.random_state import kept_random_state

from .conftest import DrawnStripes


@MODELS.register_module()
class FunctionalDropoutResNet(ResNet):
    """Drops values in a way that no layer's type tells."""

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(nn.functional.dropout(y, 0.2, self.training) for y in super().forward(x))


def build(trainable: list[str] | None = ('head',),
          neck: dict | None = dict(type='GlobalAveragePooling'),  # noqa: B006
          preprocessor: dict | None = None, other: dict | None = None,
          **backbone: Any) -> TransferClassifier:
    """With a small ResNet18, of which ``backbone`` changes arguments, or an ``other`` backbone."""
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='TransferClassifier', trainable=trainable,
        data_preprocessor=dict(type='BatchDataPreprocessor', std=[255.] * 3,
                               **(preprocessor or {})),
        backbone=other or dict(dict(type='ResNet', depth=18, stem_channels=4, base_channels=4),
                               **backbone),
        neck=neck, head=dict(type='LinearClsHead', num_classes=3, in_channels=32)))


@pytest.fixture(scope='module')
def dataset() -> ArrayDataset:
    return ArrayDataset(DrawnStripes())


@pytest.fixture(scope='module')
def images(dataset: ArrayDataset) -> torch.Tensor:
    return dataset.__getitems__(range(6))['inputs']


@pytest.mark.parametrize('changes, found', [
    ({}, []),
    (dict(trainable=['backbone.layer4.1.bn2', 'head']),
     ['backbone.layer4.1.bn2.weight is trainable', 'backbone.layer4.1.bn2.bias is trainable',
      'backbone.layer4.1.bn2 uses batch statistics']),
    # its weights are frozen by upstream, its statistics are not
    (dict(trainable=None, frozen_stages=4), []),
    (dict(trainable=['head'], norm_cfg=dict(type='BN', track_running_stats=False), depth=18,
          num_stages=1, strides=(1,), dilations=(1,), out_indices=(0,)), 5),
    (dict(trainable=['head'], neck=dict(type='ConvNeck', in_channels=32, out_channels=4)), []),
    (dict(trainable=['neck', 'head'], neck=dict(
        type='ConvNeck', in_channels=32, out_channels=4)),
     ['neck.conv.conv.weight is trainable', 'neck.conv.bn.weight is trainable',
      'neck.conv.bn.bias is trainable',
      'neck.conv.bn uses batch statistics']),
    (dict(drop_path_rate=0.2), 7),  # of 8 blocks; the first has 0
])
def test_what_learns(changes, found):
    model = build(**changes)
    model.eval()
    told = what_learns(model)
    assert (len(told) if isinstance(found, int) else list(told)) == found
    assert all(reason.startswith(module) for reason, module in told.items())
    assert not any(module.training for module in model.modules()), 'its mode is kept'


def test_inceptions_own_dropout_is_named():
    model = build()
    model.backbone.add_module('dropout', nn.Dropout(0.5))
    assert list(what_learns(model)) == ['backbone.dropout is active dropout']
    model.backbone.dropout.p = 0.
    assert not what_learns(model)


LAYER4 = ['backbone.layer4', 'head']
DENSE = dict(type='DenseNet', arch=dict(growth_rate=4, depths=[2, 3, 3], init_channels=8),
             memory_efficient=False)
BASENET = dict(type='BaseNet', arch='residual', norm=True)
MOBILE = dict(type='MobileNetV2', widen_factor=0.25)
VGG = dict(type='VGG', depth=11, norm_cfg=dict(type='BN'))
TIMM = dict(type='TIMMBackbone', model_name='tf_efficientnet_lite0', features_only=False,
            pretrained=False)
CONV_NECK = dict(type='ConvNeck', in_channels=32, out_channels=4)


@pytest.mark.parametrize('backbone, trainable, stage, shape', [
    (dict(neck=dict(type='GlobalAveragePooling')), ['head'], 'neck', (32,)),
    (dict(neck=CONV_NECK), ['neck', 'head'], 'backbone', (32, 2, 2)),
    (dict(neck=CONV_NECK), ['neck.conv.bn', 'head'], 'neck.conv.conv', (4, 2, 2)),
    (dict(out_indices=(2, 3)), ['head'], 'backbone.layer3', (16, 4, 4)),
    (dict(norm_eval=True), LAYER4, 'backbone.layer3', (16, 4, 4)),
    (dict(depth=50), LAYER4, 'backbone.layer3', (64, 4, 4)),
    # no cut is within a residual block, whatever learns there
    *((dict(), [f'backbone.layer4.1.{layer}', 'head'], 'backbone.layer4.0', (32, 2, 2))
      for layer in ('conv1', 'bn1', 'conv2', 'bn2')),
    (dict(zero_init_residual=True), ['backbone.layer4.1.bn2'], 'backbone.layer4.0', (32, 2, 2)),
    (dict(drop_path_rate=0.2), ['head'], 'backbone.layer1.0', (4, 16, 16)),
    (dict(frozen_stages=3), None, 'backbone.layer3', (16, 4, 4)),
    (dict(deep_stem=True), ['backbone.layer*'], 'backbone.maxpool', (4, 16, 16)),
    # nor within a dense block, which hands every output on to all later layers
    (dict(other=DENSE), ['backbone.stages.2.block.2'], 'backbone.transitions.1', (10, 4, 4)),
    (dict(other=DENSE), ['backbone.transitions.1.norm', 'head'], 'backbone.stages.1', (20, 8, 8)),
    (dict(other=DENSE), ['backbone.transitions.1.conv'], 'backbone.transitions.1.act', (20, 8, 8)),
    (dict(other=dict(DENSE, drop_rate=0.5)), ['head'], 'backbone.stem', (8, 16, 16)),
    # its last unit of a stage adds what the first one returned
    (dict(other=BASENET), ['backbone.stages.1.2'], 'backbone.stages.1.0', (64, 32, 32)),
    (dict(other=BASENET), ['backbone.stages.1'], 'backbone.stages.0.2', (32, 64, 64)),
    (dict(other=MOBILE), ['backbone.layer6.1', 'backbone.layer7'], 'backbone.layer6.0', (40, 2, 2)),
    (dict(other=MOBILE), ['backbone.layer7.0.conv.2'], 'backbone.layer7.0.conv.1', (240, 2, 2)),
    (dict(other=VGG), ['backbone.features.5'], 'backbone.features.4', (256, 16, 16)),
    (dict(other=VGG), ['backbone.features.4'], 'backbone.features.3', (128, 16, 16)),
    (dict(other=TIMM), ['backbone.timm_model.blocks.6'], 'backbone.timm_model.blocks.5',
     (192, 2, 2)),
])
def test_where_the_frozen_layers_end(images, backbone, trainable, stage, shape):
    model = build(trainable, **{'neck': None, **backbone})
    before = {key: value.clone() for key, value in model.state_dict().items()}
    images = nn.functional.interpolate(images, (64, 64))
    prefix = FrozenPrefix(model, images[:2], training=True)
    assert (prefix.cut.name, tuple(prefix.cut.shape)) == (stage, shape)
    assert all(value.equal(before[key]) for key, value in model.state_dict().items())
    model.features_of = prefix.cut
    model.eval()
    with torch.no_grad():
        batch = model.data_preprocessor({'inputs': images})['inputs']
        torch.testing.assert_close(model.extract_feat((prefix(images),)),
                                   model.extract_feat(batch), rtol=1e-4, atol=1e-5)


@MODELS.register_module()
class LongShortcut(ResNet):
    """Adds to its output what it had after layer 1, with a weight that learns from 0."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.lateral = nn.Conv2d(4, 32, 8, stride=8)
        nn.init.zeros_(self.lateral.weight)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        early = self.layer1(self.maxpool(self.relu(self.norm1(self.conv1(x)))))
        return self.layer4(self.layer3(self.layer2(early))) + self.lateral(early),


def test_a_shortcut_around_frozen_layers_is_kept_even_if_it_still_carries_zero(images):
    images = nn.functional.interpolate(images, (64, 64))
    model = build(['backbone.lateral', 'head'], type='LongShortcut')
    assert FrozenPrefix(model, images).cut.name == 'backbone.layer1'
    model.set_trainable(['backbone.layer4', 'head'])
    assert FrozenPrefix(model, images).cut.name == 'backbone.layer1'


@MODELS.register_module()
class Positions(ResNet):
    """A weight of its own that is no layer's, added before anything else."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.conv1.shift = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return super().forward(x + self.conv1.shift)


def test_a_weight_that_is_used_before_its_layer_is_called_is_seen(images):
    model = build(type='Positions')
    assert FrozenPrefix(model, images).cut.name == 'neck'
    model.backbone.conv1.shift.requires_grad_()
    with pytest.raises(ValueError, match='can be computed: backbone.conv1.shift is trainable. '):
        FrozenPrefix(model, images)


def test_functional_dropout_is_found_by_trying(images):
    model = build(type='FunctionalDropoutResNet')
    assert not what_learns(model)
    assert FrozenPrefix(model, images).cut.name == 'backbone.layer4', 'the dropout is behind it'


def test_features_are_the_evaluated_models(images):
    model = build(preprocessor=dict(
        train_geometry=[dict(type='Resize', size=(24, 24))], to_bgr=True))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    prefix = FrozenPrefix(model, images)
    assert prefix.cut.name == 'neck'
    model.eval()
    for training in (False, True):
        batch = model.data_preprocessor({'inputs': images}, training=training)['inputs']
        assert batch.shape[-1] == (24 if training else 16)
        torch.testing.assert_close(prefix(images, training=training),
                                   model.extract_feat(batch)[-1], rtol=1e-5, atol=1e-5)
    assert all(value.equal(before[key]) for key, value in model.state_dict().items())


def test_each_geometry_has_its_shape_and_draws_no_number_of_the_trainings(images):
    model = build(neck=dict(type='AdaptivePoolNeck', output_size=3), preprocessor=dict(
        train_geometry=[dict(type='RandomFlip', prob=0.5), dict(type='Resize', size=(64, 96))],
        eval_geometry=[dict(type='Resize', size=(32, 32))]))
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    for training in (True, False):
        prefix = FrozenPrefix(model, images, training=training)
        with kept_random_state():
            assert prefix(images, training=True).shape[1:] == (32, 2, 3)
        assert prefix(images).shape[1:] == (32, 1, 1)
    assert torch.rand(2).equal(expected)


def test_the_digest_is_of_all_that_the_features_depend_on(images):
    model = build(['backbone.layer4.1', 'head'])

    def digest() -> str:
        return FrozenPrefix(model, images).digest()
    found = digest()
    for module in model.head.fc, model.backbone.layer4[1].conv1:  # they are trained
        with torch.no_grad():
            module.weight.add_(1.)
        assert digest() == found
    for name in ('backbone.conv1.weight', 'backbone.layer4.0.bn2.running_var',
                 'data_preprocessor.mean'):
        model.state_dict()[name].add_(1e-3)
        found, before = digest(), found
        assert found != before, name
