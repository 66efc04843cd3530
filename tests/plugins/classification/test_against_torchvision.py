"""The model bases compute what torchvision's own networks do, from the image on."""
from typing import Any

import pytest
import torch
import torchvision
from mmcv.cnn.bricks import Conv2dAdaptivePadding
from mmengine.config import Config
from mmpretrain.registry import MODELS
from torch import Tensor, nn
from torchvision.transforms.v2.functional import normalize

from plugins.classification.weight_layouts import to_mm_layout
from plugins.engine.files import REPO_ROOT
from tools.model_converters.keras_layouts import ARCHITECTURES

IMAGENET = dict(mean=[.485, .456, .406], std=[.229, .224, .225])


def build(name: str, size: int | None = None, device: str = 'meta', **model: Any) -> nn.Module:
    """A model base for evaluation.

    Args:
        name: File of configs/_base_/models.
        size: Side of the images; None: the base's.
        device: Of the weights; 'meta' has none, and becomes 'cpu' for mmpretrain's ResNet, which
            asks for a tensor's value.
        model: Changes, as in a leaf config.
    """
    cfg = Config.fromfile(REPO_ROOT / f'configs/_base_/models/{name}.py')
    cfg.merge_from_dict(dict(model=model))
    if size:
        geometry = [dict(type='Resize', size=(size, size))]
        cfg.model.data_preprocessor.update(input_size=size, eval_geometry=geometry)
    preprocessor = MODELS.build(cfg.model.pop('data_preprocessor'))
    with torch.device('cpu' if 'resnet' in name else device):
        built = MODELS.build({**cfg.model, 'data_preprocessor': preprocessor})
    return built.eval()


def theirs(name: str, **options: Any) -> nn.Module:
    """torchvision's network with random weights and BatchNorm statistics that keep the scale."""
    with torch.device('meta'):
        net = getattr(torchvision.models, name)(num_classes=10, **options)
    net.to_empty(device='cpu').eval()
    torch.manual_seed(0)
    with torch.no_grad():
        for tensor_name, tensor in net.state_dict().items():
            if tensor.dim() > 1:
                nn.init.kaiming_uniform_(tensor, nonlinearity='relu')
            elif tensor_name.endswith(('running_var', '.weight')):  # the latter is BatchNorm's
                tensor.uniform_(.5, 1.)
            elif tensor_name.endswith('num_batches_tracked'):
                tensor.zero_()
            else:
                tensor.normal_(0, .1)
    return net


def adopt(model: nn.Module, net: nn.Module) -> None:
    """Give our model torchvision's very tensors: large ones then exist once."""
    state = to_mm_layout(net.state_dict(), model)
    own = model.state_dict()
    if 'head.fc.weight' in state and 'head.fc.weight' not in own:  # an MLP without hidden layers
        state |= {f'head.layers.0.fc.{key}': state.pop(f'head.fc.{key}')
                  for key in ('weight', 'bias')}
    assert {name for name in state if name not in own} \
        == {name for name in state if name.startswith('backbone.AuxLogits.')}
    state = {name: state.get(name, tensor) for name, tensor in own.items()}
    model.load_state_dict(state, assign=True)
    assert not any(tensor.is_meta for tensor in model.state_dict().values())


def image(size: int) -> Tensor:
    """One image of smooth blobs: a network would average noise out."""
    coarse = torch.rand(1, 3, 7, 7, generator=torch.Generator().manual_seed(0)) * 255
    return nn.functional.interpolate(coarse, size=(size, size), mode='bicubic').clamp(0, 255).byte()


@torch.no_grad()
def compare(model: nn.Module, net: nn.Module, inputs: Tensor, size: int) -> None:
    """Logits of one image: ours from its bytes, torchvision's from its usual inputs."""
    adopt(model, net)
    expected = net(inputs)
    found = model(model.data_preprocessor({'inputs': image(size)}, False)['inputs'])
    scale = float(expected.std())
    assert scale > .01 and expected.isfinite().all()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize('name, size', [
    ('alexnet', 224), ('resnet18', 224), ('densenet121', 224), ('vgg16', 64),
    pytest.param('resnet152', 224, marks=pytest.mark.slow),
    pytest.param('vgg16', 224, marks=pytest.mark.slow)])
def test_logits_are_torchvisions(name, size):
    compare(build(name, size), theirs(name), normalize(image(size) / 255, **IMAGENET), size)


def test_inception_sees_what_torchvision_makes_of_an_imagenet_normalised_image():
    """Its ``transform_input``, on with published weights, makes -1 ... 1 of it."""
    net = theirs('inception_v3', transform_input=True, init_weights=False)
    compare(build('inception_v3'), net, normalize(image(299) / 255, **IMAGENET), 299)


def test_caffe_resnet_strides_in_the_first_convolution_and_reads_bgr():
    net = theirs('resnet50')
    for stage in (net.layer2, net.layer3, net.layer4):
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    bgr = image(224).float().flip(1) - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
    compare(build('resnet50_caffe'), net, bgr, 224)


def test_mobilenet_is_what_keras_weights_are_converted_for():
    """Their values are compared with Keras's in the converter's own test."""
    model, wanted = build('mobilenet_v2'), ARCHITECTURES['mobilenet_v2']
    assert wanted.backbone['conv_cfg']['type'] == 'Conv2dAdaptivePadding'
    convs = [m for m in model.backbone.modules() if isinstance(m, nn.Conv2d)]
    assert all(isinstance(m, Conv2dAdaptivePadding) for m in convs if m.kernel_size == (3, 3))
    norms = [m for m in model.backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {m.eps for m in norms} == {wanted.backbone['norm_cfg']['eps']}
    assert len(convs) == len(norms) == 52
    found = model.data_preprocessor({'inputs': image(224)}, False)['inputs']
    torch.testing.assert_close(found, image(224) / 127.5 - 1)  # Keras's preprocess_input


@pytest.mark.parametrize('name, documented', [
    ('alexnet', 61100840), ('vgg16', 138357544), ('resnet18', 11689512),
    ('resnet50_caffe', 25557032), ('resnet152', 60192808), ('densenet121', 7978856),
    # with its auxiliary classifier 27 161 264
    ('inception_v3', 27161264 - (768*128 + 256 + 25*128*768 + 2*768 + 768*1000 + 1000)),
    ('mobilenet_v2', 3504872)])
def test_parameters_with_1000_classes_are_those_that_torchvision_documents(name, documented):
    model = build(name, head=dict(num_classes=1000))
    assert sum(p.numel() for p in model.parameters()) == documented


@pytest.mark.parametrize('name, last_norm', [('resnet18', 'bn2'), ('densenet121', 'norm2')])
def test_a_start_from_scratch_has_torchvisions_spread(name, last_norm):
    """Rows C8, C10; mmpretrain would start the last norm of each residual branch at 0."""
    model, net = build(name, device='cpu'), getattr(torchvision.models, name)()
    model.init_weights()
    found = dict(model.backbone.named_parameters())
    convs = 0
    for key, wanted in to_mm_layout(net.state_dict(), model.backbone).items():
        if wanted.dim() == 4:
            assert found[key].std().item() == pytest.approx(wanted.std().item(), rel=.05), key
            convs += 1
        elif f'.{last_norm}.weight' in key:
            assert torch.equal(found[key], wanted)
    assert convs == {'resnet18': 20, 'densenet121': 120}[name]
