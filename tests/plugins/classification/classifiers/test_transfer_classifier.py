"""Frozen parts stay bit for bit, and evaluation gives each image its loss."""
import copy
from collections import OrderedDict
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from plugins.classification.classifiers import TransferClassifier
from plugins.classification.classifiers.cut import Cut, traced

CLASSES = 4
RESNET = dict(type='ResNet', depth=18, stem_channels=4, base_channels=4)
CROSS_ENTROPY = dict(type='CrossEntropyLoss')


def build(trainable: list[str] | None = None, head: dict | None = None,
          backbone: dict | None = None) -> TransferClassifier:
    """A net of some 7 000 parameters with BatchNorm in backbone and head; 16 px images."""
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='TransferClassifier', trainable=trainable,
        data_preprocessor=dict(type='BatchDataPreprocessor', std=[255., 255., 255.]),
        backbone=backbone or dict(type='BaseNet', arch='plain', norm=True),
        neck=dict(type='GlobalAveragePooling') if backbone else None,
        head=head or dict(
            type='MLPClsHead', num_classes=CLASSES, mid_channels=[6], dropouts=[0., .5],
            in_channels=32 if backbone else 16, norm_cfg=dict(type='BN1d'), loss=CROSS_ENTROPY)))


def batch(labels: list[int] | None = None, size: int = 16) -> dict[str, Any]:
    labels = labels or [3, 1, 0, 1, 2]
    generator = torch.Generator().manual_seed(1)
    return dict(
        inputs=torch.randint(0, 256, (len(labels), 3, size, size), dtype=torch.uint8,
                             generator=generator),
        data_samples=[DataSample().set_gt_label(label) for label in labels])


def step(model: TransferClassifier, steps: int = 1) -> set[str]:
    """Train, with all that could move a frozen weight; return which tensors changed."""
    before = copy.deepcopy(model.state_dict())
    optimizer = torch.optim.SGD(model.parameters(), lr=.1, momentum=.9, weight_decay=.1)
    model.train()
    for _ in range(steps):
        model.train_step(batch(), OptimWrapper(optimizer))
    after = model.state_dict()
    return {name for name in before if not torch.equal(before[name], after[name])}


def below(model: nn.Module, *parts: str) -> set[str]:
    return {name for name in model.state_dict() if name.startswith(parts)}


def norms(model: nn.Module) -> dict[str, bool]:
    return {name: m.training for name, m in model.named_modules() if isinstance(m, _BatchNorm)}


def test_without_patterns_everything_learns():
    model = build()
    assert step(model) == below(model, 'backbone', 'head') and len(norms(model)) == 3
    assert all(norms(model).values())


@pytest.mark.parametrize('trainable, parts', [
    (['head'], ['head']),
    (['backbone.stages.1', 'head'], ['backbone.stages.1', 'head']),
    (['*.conv', 'head.layers.?.fc'], ['backbone.stages.0.0.conv', 'backbone.stages.1.0.conv',
                                      'head.layers.0.fc', 'head.layers.1.fc']),
])
def test_a_step_changes_the_trainable_part_and_not_one_bit_of_the_rest(trainable, parts):
    """Momentum, weight decay and BatchNorm's statistics leave frozen parts alone."""
    model = build(trainable)
    assert step(model, steps=2) == below(model, *parts)


def test_batch_norm_of_frozen_parts_evaluates_each_time_the_model_trains():
    model = build(['backbone.stages.1', 'head'])
    expected = {'backbone.stages.0.0.norm': False, 'backbone.stages.1.0.norm': True,
                'head.layers.0.norm': True}
    for _ in range(2):
        assert model.train() is model and norms(model) == expected
        assert model.head.dropouts[1].training
        assert not any(norms(model.eval()).values())


def test_dropout_of_frozen_parts_stays_active_as_in_keras():
    model = build(['backbone']).train()
    assert model.head.dropouts[1].training and not model.head.layers[0].norm.training


def test_synchronised_batch_norm_stays_frozen_too():
    """mmengine replaces the modules after the model is built."""
    model = nn.SyncBatchNorm.convert_sync_batchnorm(build(['head'])).train()
    assert isinstance(model.backbone.stages[0][0].norm, nn.SyncBatchNorm)
    assert norms(model)['backbone.stages.0.0.norm'] is False


def test_phases_can_follow_each_other():
    """Row E1: first the head alone, then everything; a copy (EMA) is independent."""
    model = build(['head'])
    assert step(model) == below(model, 'head')
    twin = copy.deepcopy(model)
    model.set_trainable(None)
    assert step(model) == below(model, 'backbone', 'head')
    assert step(twin) == below(twin, 'head')
    model.set_trainable(['backbone.stages.0'])
    assert step(model) == below(model, 'backbone.stages.0')


def test_a_gradient_left_over_from_the_last_phase_is_dropped():
    model = build()
    model.train_step(batch(), OptimWrapper(torch.optim.SGD(model.parameters(), lr=.1),
                                           accumulative_counts=2))
    assert model.backbone.stages[0][0].conv.weight.grad is not None
    model.set_trainable(['head'])
    assert all(p.grad is None for p in model.backbone.parameters())


@pytest.mark.parametrize('trainable', [None, ['backbone', 'head']])
def test_what_upstream_froze_stays_frozen(trainable):
    """ResNet's frozen_stages=1: the stem and layer1, as mmpretrain counts."""
    model = build(trainable, backbone={**RESNET, 'frozen_stages': 1})
    frozen = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters()
                      if name.startswith(('backbone.conv1', 'backbone.bn1', 'backbone.layer1'))}


def test_frozen_parts_cost_no_backward_pass():
    model = build(['head']).train()
    features = model.extract_feat(batch()['inputs'].float())
    assert not features[0].requires_grad


@pytest.mark.parametrize('trainable, message', [
    (['head', 'backbone.layer4.5'], r"'backbone.layer4.5' matches no module with weights; near: "
                                    r'.*backbone\.layer4\.1'),
    (['neck'], r"'neck' matches no module with weights; expected one of backbone, head"),
    (['classifier'], r"'classifier' matches no module"),
    ('head', r"trainable='head', expected a list"),
    ([], r'trainable=\[\], expected names .* None: everything is trainable'),
])
def test_a_pattern_that_names_nothing_is_refused(trainable, message):
    with pytest.raises(ValueError, match=message):
        build(trainable, backbone=RESNET)


HEADS = dict(
    cross_entropy=dict(type='LinearClsHead', loss=CROSS_ENTROPY),
    weighted=dict(type='LinearClsHead', loss=dict(
        type='CrossEntropyLoss', loss_weight=.5, class_weight=[1., 2., 3., 4.])),
    dense=dict(type='MLPClsHead', mid_channels=[8], dropouts=[0, 0]),
    smooth=dict(type='LinearClsHead', loss=dict(type='LabelSmoothLoss', label_smooth_val=.1)),
    binary=dict(type='LinearClsHead', loss=dict(
        type='LabelSmoothLoss', label_smooth_val=.1, mode='multi_label', use_sigmoid=True)))


def with_head(name: str) -> TransferClassifier:
    model = build(head=dict(num_classes=CLASSES, in_channels=16, **HEADS[name])).eval()
    for parameter in model.head.parameters():  # mmpretrain's start is near zero: all losses equal
        nn.init.normal_(parameter)
    return model


@pytest.mark.parametrize('name', HEADS)
def test_the_mean_of_the_images_losses_is_the_training_loss(name):
    model = with_head(name)
    losses = torch.stack([sample.loss for sample in model.val_step(batch())])
    data = model.data_preprocessor(batch(), False)
    torch.testing.assert_close(losses.mean(), model(**data, mode='loss')['loss'])
    assert losses.shape == (5,) and losses.std() > 0.01


@pytest.mark.parametrize('name, options', [
    ('cross_entropy', {}), ('dense', {}), ('smooth', dict(label_smoothing=.1))])
def test_each_images_loss_is_pytorchs_cross_entropy_of_it_alone(name, options):
    model = with_head(name)
    data = model.data_preprocessor(batch(), False)
    scores = model(data['inputs'], mode='tensor')
    expected = F.cross_entropy(scores, torch.tensor([3, 1, 0, 1, 2]), reduction='none', **options)
    found = model.val_step(batch())
    torch.testing.assert_close(torch.stack([sample.loss for sample in found]), expected)
    torch.testing.assert_close(torch.stack([s.pred_score for s in found]), scores.softmax(1))


def test_predicting_passes_through_the_head_once():
    model = with_head('cross_entropy')
    calls = []
    model.head.fc.register_forward_hook(lambda *_: calls.append(1))
    model.val_step(batch())
    assert len(calls) == 1


@pytest.mark.parametrize('name', HEADS)
def test_accuracy_in_training_is_that_of_the_scores_of_the_losses(name):
    model = with_head(name)
    data = model.data_preprocessor(batch(), False)
    right = model(data['inputs'], mode='tensor').argmax(1) == torch.tensor([3, 1, 0, 1, 2])
    found = model(**data, mode='loss')['accuracy_top-1']
    assert found.item() == pytest.approx(right.float().mean().item() * 100)
    assert not found.requires_grad


def test_all_right_is_100_though_every_score_is_below_0():
    """Upstream's cal_acc would say 0: it counts scores above 0 alone."""
    model = with_head('cross_entropy')
    with torch.no_grad():
        model.head.fc.bias -= 1000
    data = model.data_preprocessor(batch(), False)
    scores = model(data['inputs'], mode='tensor')
    for sample, label in zip(data['data_samples'], scores.argmax(1), strict=True):
        sample.set_gt_label(label)
    assert scores.max() < 0 and model(**data, mode='loss')['accuracy_top-1'] == 100


def test_mixed_labels_have_no_accuracy():
    model = with_head('cross_entropy')
    data = model.data_preprocessor(batch(), False)
    for sample in data['data_samples']:
        sample.set_gt_score(torch.full((CLASSES,), 1 / CLASSES))
    assert set(model(**data, mode='loss')) == {'loss'}


@pytest.mark.parametrize('samples', [None, [], 'unlabelled'])
def test_predictions_need_no_label(samples):
    model = with_head('cross_entropy')
    inputs = batch()['inputs'].float()
    expected = model.predict(inputs, batch()['data_samples'])
    samples = [DataSample() for _ in inputs] if samples == 'unlabelled' else samples or None
    found = model.predict(inputs, samples)
    assert len(found) == 5 and not any('loss' in sample for sample in found)
    for one, other in zip(found, expected, strict=True):
        assert torch.equal(one.pred_score, other.pred_score)
        assert torch.equal(one.pred_label, other.pred_label)


def test_a_head_with_a_loss_of_its_own_is_left_alone():
    """ArcFace's training scores depend on the label: no loss on that scale in evaluation."""
    model = build(head=dict(type='ArcFaceClsHead', num_classes=CLASSES, in_channels=16)).eval()
    found = model.val_step(batch())
    assert len(found) == 5 and 'loss' not in found[0] and 'pred_label' in found[0]


@pytest.mark.parametrize('name, shape', [
    ('backbone', (32, 2, 2)), ('neck', (32,)), ('backbone.layer2', (8, 5, 5))])
def test_features_go_on_where_they_were_taken(name, shape):
    model = build(['head'], backbone=RESNET).eval()
    inputs = batch(size=40)['inputs'].float()
    layers = nn.Sequential(OrderedDict(backbone=model.backbone, neck=model.neck))
    with traced(layers) as calls:
        layers(inputs)
    cut = Cut(next(call for call in calls if call.name == name), calls, inputs)
    features = cut.features(layers, inputs),
    assert features[0].shape == (5, *shape)
    with pytest.raises(ValueError, match="features of None at stage 'neck'; expected images"):
        model.extract_feat(features)
    model.features_of = cut
    for mode in ('tensor', 'loss', 'predict'):
        expected, found = (model(given, batch()['data_samples'], mode)
                           for given in (inputs, features))
        if mode == 'predict':
            expected, found = ([sample.loss for sample in given] for given in (expected, found))
        torch.testing.assert_close(found, expected)
    with pytest.raises(ValueError, match=f"features of {name} at stage 'pre_logits'"):
        model.extract_feat(features, 'pre_logits')


@pytest.mark.parametrize('changes, message', [
    (dict(num_classes=1), 'model.head.num_classes=1, expected at least 2: of one class, every'),
    (dict(loss=dict(CROSS_ENTROPY, class_weight=[1., 2.])),
     r'model.head.loss.class_weight=\[1.0, 2.0\], expected 4 numbers of at least 0, one per'),
    (dict(loss=dict(CROSS_ENTROPY, use_sigmoid=True, pos_weight=[1.] * 5)),
     'model.head.loss.pos_weight=.*, expected 4 numbers'),
    (dict(loss=dict(type='LabelSmoothLoss', label_smooth_val=.1, num_classes=4,
                    class_weight=[1.] * 3)), 'class_weight=.*, expected 4 numbers'),
    *((dict(loss=dict(CROSS_ENTROPY, class_weight=weights)), 'class_weight=.*, not all 0')
      for weights in ([0] * 4, [1, 1, 1, -1], [1, 1, 1, 'a'], [1, 1, 1, float('nan')]))])
def test_the_number_of_classes(changes, message):
    with pytest.raises(ValueError, match=message):
        build(head=dict(type='LinearClsHead', in_channels=16,
                        **dict(dict(num_classes=CLASSES), **changes)))
    build(head=dict(type='LinearClsHead', in_channels=16, num_classes=2,
                    loss=dict(CROSS_ENTROPY, class_weight=[1., 2.])))
