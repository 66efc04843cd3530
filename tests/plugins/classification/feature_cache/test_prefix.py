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


def build(trainable: list[str] | None = ('head',), neck: dict | None = None,
          preprocessor: dict | None = None, **backbone: Any) -> TransferClassifier:
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='TransferClassifier', trainable=trainable,
        data_preprocessor=dict(type='BatchDataPreprocessor', std=[255.] * 3,
                               **(preprocessor or {})),
        backbone=dict(dict(type='ResNet', depth=18, stem_channels=4, base_channels=4), **backbone),
        neck=neck or dict(type='GlobalAveragePooling'),
        head=dict(type='LinearClsHead', num_classes=3, in_channels=32)))


@pytest.fixture(scope='module')
def dataset() -> ArrayDataset:
    return ArrayDataset(DrawnStripes())


@pytest.fixture(scope='module')
def images(dataset: ArrayDataset) -> torch.Tensor:
    return dataset.__getitems__(range(6))['inputs']


@pytest.mark.parametrize('changes, part, found', [
    ({}, 'backbone', []), ({}, 'neck', []),
    (dict(trainable=['backbone.layer4.1.bn2', 'head']), 'backbone',
     ['backbone.layer4.1.bn2.weight is trainable', 'backbone.layer4.1.bn2.bias is trainable',
      'backbone.layer4.1.bn2 uses batch statistics']),
    # its weights are frozen by upstream, its statistics are not
    (dict(trainable=None, frozen_stages=4), 'backbone', []),
    (dict(trainable=['head'], norm_cfg=dict(type='BN', track_running_stats=False), depth=18,
          num_stages=1, strides=(1,), dilations=(1,), out_indices=(0,)), 'backbone', 5),
    (dict(trainable=['head'], neck=dict(type='ConvNeck', in_channels=32, out_channels=4)),
     'neck', []),
    (dict(trainable=['neck', 'head'], neck=dict(
        type='ConvNeck', in_channels=32, out_channels=4)), 'neck',
     ['neck.conv.conv.weight is trainable', 'neck.conv.bn.weight is trainable',
      'neck.conv.bn.bias is trainable',
      'neck.conv.bn uses batch statistics']),
    (dict(drop_path_rate=0.2), 'backbone', 7),  # of 8 blocks; the first has 0
])
def test_what_learns(changes, part, found):
    model = build(**changes)
    model.eval()
    told = what_learns(model, part)
    assert (len(told) if isinstance(found, int) else told) == found
    assert not any(module.training for module in model.modules()), 'its mode is kept'


def test_inceptions_own_dropout_is_named():
    model = build()
    model.backbone.add_module('dropout', nn.Dropout(0.5))
    assert what_learns(model, 'backbone') == ['backbone.dropout is active dropout']
    model.backbone.dropout.p = 0.
    assert what_learns(model, 'backbone') == []


def test_functional_dropout_is_found_by_trying(images):
    model = build(type='FunctionalDropoutResNet')
    assert what_learns(model, 'backbone') == []
    with pytest.raises(ValueError, match='different features in training and evaluation'):
        FrozenPrefix(model, images)


def test_features_are_the_evaluated_models(images):
    model = build(preprocessor=dict(
        train_geometry=[dict(type='Resize', size=(24, 24))], to_bgr=True))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    prefix = FrozenPrefix(model, images)
    assert prefix.stage == 'neck'
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
    model = build()
    digest = FrozenPrefix(model, images).digest()
    with torch.no_grad():
        model.head.fc.weight.add_(1.)
    assert FrozenPrefix(model, images).digest() == digest
    for name in ('backbone.conv1.weight', 'backbone.layer4.1.bn2.running_var',
                 'data_preprocessor.mean'):
        model.state_dict()[name].add_(1e-3)
        digests = digest, (digest := FrozenPrefix(model, images).digest())
        assert digests[0] != digests[1], name
