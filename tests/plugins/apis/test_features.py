import numpy as np
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from mmpretrain.models.utils import ClsDataPreprocessor
from torch import nn

from plugins.apis.features import as_displayed, channels_reversed, trace
from plugins.classification.data_preprocessor import BatchDataPreprocessor

PREPROCESSOR = dict(type='BatchDataPreprocessor', mean=[100.] * 3, std=[50.] * 3)
DENSE = dict(growth_rate=4, depths=[2, 2, 5, 2], init_channels=8)  # the third stage has block 5


def build(backbone, channels, trainable=None, preprocessor=PREPROCESSOR, **head):
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(dict(
            type='TransferClassifier', data_preprocessor=preprocessor, backbone=backbone,
            neck=dict(type='GlobalAveragePooling'), trainable=trainable,
            head=dict(dict(type='LinearClsHead', num_classes=4, in_channels=channels), **head)))
    return model.eval()


def watched(model, size=64):
    image = torch.randint(0, 256, (1, 3, size, size), dtype=torch.uint8,
                          generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return trace(model, lambda: model.test_step(dict(inputs=image))[0].pred_score.numpy())


@pytest.fixture(scope='module')
def dense():
    return watched(build(dict(type='DenseNet', arch=DENSE), 22))


def test_a_densenet_shows_what_row_e14_asks_for(dense):
    # conv4 of Keras is the third stage, its block 5 the fifth layer: it adds growth_rate maps
    assert dense.default_layers() == [
        'backbone.stages.2.block.4', 'backbone.stages.3.block.1.conv2']
    assert [dense.maps(name).shape for name in dense.default_layers()] == [(4, 4, 4), (4, 2, 2)]
    # By name the transitions come last, by call the last stage does.
    names = [name for name, part in dense.model.named_modules() if isinstance(part, nn.Conv2d)]
    assert names[-1] == 'backbone.transitions.2.conv'
    # the last norm and activation, of all maps; 'act' is one module, called by stem and end
    assert dense.default_cam_layer() == 'backbone.transitions.3'
    assert dense.convolutions[0] == 'backbone.stem.0'


@pytest.mark.parametrize('stages, layers, cam', [
    (3, ['backbone.stages.2.block.4', 'backbone.transitions.2.conv'],
     'backbone.transitions.2.conv'),
    (2, ['backbone.stem.0', 'backbone.transitions.0.conv', 'backbone.transitions.1.conv'],
     'backbone.transitions.1.conv')])
def test_a_cut_densenet(stages, layers, cam):
    channels = {3: 14, 2: 8}[stages]
    seen = watched(build(dict(type='TruncatedDenseNet', num_stages=stages, arch=DENSE), channels))
    assert seen.default_layers() == layers and seen.default_cam_layer() == cam


@pytest.mark.parametrize('backbone, channels, first, cam', [
    (dict(type='ResNet', depth=18, stem_channels=8, base_channels=8), 64, 'backbone.conv1',
     'backbone.layer4'),
    (dict(type='MobileNetV2', widen_factor=.25), 1280, 'backbone.conv1.conv', 'backbone.conv2'),
    (dict(type='VGG', depth=11, num_classes=-1), 512, 'backbone.features.0.conv',
     'backbone.features.11')])  # 12 pools
def test_other_networks(backbone, channels, first, cam):
    seen = watched(build(backbone, channels))
    layers = seen.default_layers()
    assert seen.default_cam_layer() == cam and layers[0] == seen.convolutions[0] == first
    assert len(layers) == 3 and all(isinstance(seen.model.get_submodule(name), nn.Conv2d)
                                    for name in layers)


def test_maps_are_those_of_the_layer_before_it_is_changed_in_place(dense):
    torch.manual_seed(0)
    seen = watched(build(dict(type='VGG', depth=11, num_classes=-1), 512), 32)
    first = seen.convolutions[0]
    maps = seen.maps(first)
    own = seen.model.get_submodule(first)(seen.inputs)[0].detach().numpy()
    assert maps == pytest.approx(own, abs=1e-6) and maps.min() < 0  # ReLU is in place there


def test_grad_cam_by_hand(dense):
    """With average pooling and a linear head, the weight of a map is the head's / positions."""
    name = dense.default_cam_layer()
    share, raw = dense.grad_cam(name, 2)
    maps = dense.maps(name)
    weights = dense.model.head.fc.weight[2].detach().numpy() / maps[0].size
    expected = (weights[:, None, None] * maps).sum(0)
    assert raw == pytest.approx(expected, rel=1e-4, abs=1e-7)
    assert share.shape == (64, 64) and share.min() >= 0 and share.max() <= 1
    assert share[0, 0] == pytest.approx(max(expected[0, 0], 0) / max(expected.max(), 1e-12),
                                        abs=1e-5)


def test_grad_cam_of_a_frozen_backbone_is_that_of_a_trainable_one(dense):
    frozen = watched(build(dict(type='DenseNet', arch=DENSE), 22, trainable=['head']))
    assert not any(value.requires_grad for value in frozen.model.backbone.parameters())
    for name in (dense.default_cam_layer(), 'backbone.stages.1'):
        assert frozen.grad_cam(name, 1)[1] == pytest.approx(dense.grad_cam(name, 1)[1], abs=1e-7)
    assert all(value.grad is None for value in frozen.model.parameters())


def test_a_class_that_nothing_speaks_for_has_an_empty_map(dense):
    with torch.no_grad():
        dense.model.head.fc.weight[3] = -1
    share, raw = dense.grad_cam(dense.default_cam_layer(), 3)
    assert raw.max() <= 0 and not share.any()


def test_unknown_and_unusable_layers_are_rejected(dense):
    for name, message in (
            ('backbone.stages.2.blok.4', r"no such module; near: .*backbone\.stages\.2\.block\.4"),
            ('', 'no such module; expected one of data_preprocessor, backbone'),
            ('backbone.stem.2', 'is called 2 times'),
            ('backbone.transitions.3.1', 'is called 2 times'),  # another name of the same
            ('backbone.stages', 'is called 0 times .*name one of its parts'),
            ('neck', 'gives no tensor, expected maps'),
            ('head.fc', r'gives a tensor of shape \(1, 4\), expected maps')):
        with pytest.raises(ValueError, match=message):
            dense.checked(name)
    assert dense.checked('backbone.stages.0') == 'backbone.stages.0'
    broken = watched(build(dict(type='DenseNet', arch=DENSE), 22))
    with torch.no_grad():
        broken.model.backbone.stem[0].weight[0] = float('inf')
    with pytest.raises(ValueError, match='layer backbone.stem: some of its values are not finite'):
        broken.maps('backbone.stem')
    broken.shapes = {'backbone': [(1, 2)]}
    with pytest.raises(ValueError, match='DenseNet: the network has no convolution'):
        broken.default_layers()


def test_filters_are_red_green_blue_whatever_the_network_s_order():
    backbone = dict(type='DenseNet', arch=DENSE)
    rgb = watched(build(backbone, 22))
    bgr = watched(build(backbone, 22, preprocessor=dict(PREPROCESSOR, to_bgr=True)))
    assert (bgr.filters() == rgb.filters()[:, ::-1]).all()
    assert not np.array_equal(bgr.filters(), rgb.filters())
    assert bgr.inputs.numpy() == pytest.approx(rgb.inputs.numpy()[:, ::-1])
    upstream = dict(type='ClsDataPreprocessor', to_rgb=True)
    assert not channels_reversed(build(backbone, 22, preprocessor=upstream).data_preprocessor)


@pytest.mark.parametrize('preprocessor', [
    BatchDataPreprocessor(mean=[10, 120, 200], std=[20, 60, 90]),
    BatchDataPreprocessor(mean=[10, 120, 200], std=[20, 60, 90], to_bgr=True),
    ClsDataPreprocessor(mean=[10, 120, 200], std=[20, 60, 90], to_rgb=True),
    ClsDataPreprocessor(mean=[10, 120, 200], std=[20, 60, 90], to_rgb=False),
    ClsDataPreprocessor(to_rgb=True)])
def test_what_a_preprocessor_does_is_undone(preprocessor):
    images = torch.randint(0, 256, (2, 3, 5, 7), dtype=torch.uint8)
    shown = as_displayed(preprocessor({'inputs': images})['inputs'], preprocessor)
    ours = isinstance(preprocessor, BatchDataPreprocessor)  # mmpretrain's pipelines give B, G, R
    assert (shown == (images if ours else images.flip(1)).permute(0, 2, 3, 1).numpy()).all()


def test_colours_out_of_range_are_clipped():
    preprocessor = BatchDataPreprocessor(mean=[100] * 3, std=[100] * 3)
    inputs = torch.tensor([-2., 2.]).view(1, 1, 1, 2).expand(1, 3, 1, 2)
    assert as_displayed(inputs, preprocessor).tolist() == [[[[0] * 3, [255] * 3]]]
