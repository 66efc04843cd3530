import pytest
import torch
import torchvision
from mmpretrain.models import ImageClassifier
from mmpretrain.registry import MODELS

from plugins.classification.weight_layouts import classifier_names
from tools.model_converters.torchvision_to_mm import check, main


def test_converted_file_is_a_classifiers_own(tmp_path):
    net = torchvision.models.resnet18(num_classes=10)
    torch.save(net.state_dict(), tmp_path / 'tv.pth')
    counts = main([str(tmp_path / 'tv.pth'), str(tmp_path / 'mm.pth')])
    checkpoint = torch.load(tmp_path / 'mm.pth', weights_only=True)
    assert checkpoint['meta'] == dict(source='tv.pth', layout='ResNet')
    model = ImageClassifier(backbone=dict(type='ResNet', depth=18),
                            head=dict(type='LinearClsHead', num_classes=10, in_channels=512))
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    # 20 convolutions, 20 norms of 5 tensors, 1 linear layer
    assert counts == dict(tensors=20 + 20 * 5 + 2,
                          values=sum(tensor.numel() for tensor in net.state_dict().values()))


def test_other_networks_and_existing_files_are_refused(tmp_path):
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match='other.pth: expected the names of an AlexNet.*found weig'):
        main([str(tmp_path / 'other.pth'), str(tmp_path / 'mm.pth')])
    assert not (tmp_path / 'mm.pth').exists()
    with pytest.raises(FileExistsError):
        main([str(tmp_path / 'other.pth'), str(tmp_path / 'other.pth')])
    with pytest.raises(FileNotFoundError, match='none.pth'):
        main([str(tmp_path / 'none.pth'), str(tmp_path / 'mm.pth')])


@pytest.mark.parametrize('name', ['alexnet', 'vgg11_bn', 'vgg11', 'resnet50', 'densenet121',
                                  'inception_v3'])
def test_all_of_torchvisions_five_pass_the_check(name):
    with torch.device('meta'):
        state = torchvision.models.get_model(name, weights=None, init_weights=False).state_dict() \
            if name == 'inception_v3' else torchvision.models.get_model(name).state_dict()
    names = classifier_names(state)
    check({names[key]: tensor for key, tensor in state.items()}, 'x.pth')


@pytest.mark.parametrize('backbone', [
    dict(type='AlexNet', num_classes=1000), dict(type='VGG', depth=11, num_classes=1000),
    dict(type='ResNet', depth=18), dict(type='DenseNet', arch='121'),
    dict(type='InceptionV3', num_classes=1000, aux_logits=True)])
def test_zoo_files_of_the_five_pass_the_check(backbone):
    # ResNet reads values while it is built, which meta tensors do not have
    with torch.device('cpu' if backbone['type'] == 'ResNet' else 'meta'):
        state = {f'backbone.{key}': tensor
                 for key, tensor in MODELS.build(backbone).state_dict().items()}
    names = classifier_names(state)
    check({names[key]: tensor for key, tensor in state.items()}, 'x.pth')


@pytest.mark.parametrize('backbone', [dict(type='MobileNetV2'), dict(type='SEResNet', depth=50)])
def test_zoo_files_of_other_networks_are_refused(tmp_path, backbone):
    state = MODELS.build(backbone).state_dict()
    torch.save({f'backbone.{key}': tensor for key, tensor in state.items()}, tmp_path / 'z.pth')
    with pytest.raises(ValueError, match='z.pth: expected the layers of an AlexNet.*found also'):
        main([str(tmp_path / 'z.pth'), str(tmp_path / 'mm.pth')])
    assert not (tmp_path / 'mm.pth').exists()


@pytest.mark.parametrize('name, shape, message', [
    ('conv1.weight', (2,), r'conv1.weight has the shape \(2,\), expected 4 dimensions'),
    ('fc.weight', (10, 512, 1, 1), 'fc.weight has the shape .* expected 2 dimensions'),
    ('bn1.running_var', (63,), r'bn1.running_var has the shape \(63,\), expected \(64,\)')])
def test_shapes_that_no_weights_have_are_refused(tmp_path, name, shape, message):
    state = torchvision.models.resnet18(num_classes=10).state_dict()
    state[name] = torch.zeros(shape)
    torch.save(state, tmp_path / 'tv.pth')
    with pytest.raises(ValueError, match=message):
        main([str(tmp_path / 'tv.pth'), str(tmp_path / 'mm.pth')])
