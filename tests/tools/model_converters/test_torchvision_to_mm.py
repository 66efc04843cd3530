import hashlib

import pytest
import torch
import torchvision
from mmpretrain.models import ImageClassifier

from tools.model_converters.torchvision_to_mm import main


def test_converted_file_is_a_classifiers_own(tmp_path):
    net = torchvision.models.resnet18(num_classes=10)
    torch.save(net.state_dict(), tmp_path / 'tv.pth')
    counts = main([str(tmp_path / 'tv.pth'), str(tmp_path / 'mm.pth')])
    checkpoint = torch.load(tmp_path / 'mm.pth', weights_only=True)
    digest = hashlib.sha256((tmp_path / 'tv.pth').read_bytes()).hexdigest()
    assert checkpoint['meta'] == dict(source='tv.pth', source_sha256=digest, layout='ResNet')
    model = ImageClassifier(backbone=dict(type='ResNet', depth=18),
                            head=dict(type='LinearClsHead', num_classes=10, in_channels=512))
    model.load_state_dict(checkpoint['state_dict'], strict=True)
    # 20 convolutions, 20 norms of 5 tensors, 1 linear layer
    assert counts == dict(tensors=20 + 20 * 5 + 2,
                          values=sum(tensor.numel() for tensor in net.state_dict().values()))


def test_wrong_files_are_rejected(tmp_path):
    torch.save(torch.nn.Linear(2, 2).state_dict(), tmp_path / 'other.pth')
    stray = {f'features.{i}.weight': torch.zeros(1) for i in (0, 3, 6, 8, 10)}
    torch.save({**stray, 'extra.bias': torch.zeros(1)}, tmp_path / 'stray.pth')
    for name, found in (('other', 'weight, bias'), ('stray', 'extra.bias')):
        with pytest.raises(ValueError, match=f'{name}.pth: expected the .* AlexNet.*found {found}'):
            main([str(tmp_path / f'{name}.pth'), str(tmp_path / 'mm.pth')])
    assert not (tmp_path / 'mm.pth').exists()
    with pytest.raises(FileNotFoundError, match='none.pth'):
        main([str(tmp_path / 'none.pth'), str(tmp_path / 'mm.pth')])
