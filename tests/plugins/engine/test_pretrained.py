from pathlib import Path

import pytest
import torch
from mmengine.model import BaseModule
from mmengine.registry import WEIGHT_INITIALIZERS
from torch import Tensor, nn

from plugins.engine.pretrained import Pretrained

State = dict[str, Tensor]


class Features(BaseModule):
    """Nine tensors, one of them ``num_batches_tracked``."""

    def __init__(self, width: int = 4, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.conv = nn.Conv2d(3, width, 1)
        self.norm = nn.BatchNorm2d(width)
        self.layer4 = nn.Conv2d(width, width, 1)


class Classifier(BaseModule):
    """A backbone, two linear layers as a head, and a normalisation."""

    def __init__(self, hidden: int = 5, classes: int = 10, init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg)
        self.backbone = Features()
        self.head = nn.Sequential(nn.Linear(4, hidden), nn.Linear(hidden, classes))
        self.data_preprocessor = nn.Module()
        self.data_preprocessor.register_buffer('mean', torch.zeros(3))


def filled(module: nn.Module, value: float = 7.) -> State:
    """A state dict for the module, all of one value."""
    return {name: torch.full_like(tensor, value) for name, tensor in module.state_dict().items()}


def saved(folder: Path, state: State) -> str:
    torch.save(dict(state_dict=state), folder / 'w.pth')
    return str(folder / 'w.pth')


def loaded(module: nn.Module) -> set[str]:
    return {name for name, tensor in module.state_dict().items() if (tensor == 7).all()}


def test_a_config_gets_this_initializer_and_it_comes_last(tmp_path):
    file = saved(tmp_path, filled(Features()))
    net = Features(init_cfg=[dict(type='Pretrained', checkpoint=file),
                             dict(type='Constant', layer='Conv2d', val=3.)])
    net.init_weights()
    assert loaded(net) == set(net.state_dict())
    assert WEIGHT_INITIALIZERS.get('Pretrained') is Pretrained


def test_report_of_a_classifier(tmp_path, capsys):
    file = saved(tmp_path, filled(Classifier(classes=1000)))
    net = Classifier(classes=10)
    net.init_weights()
    Pretrained(file)(net)
    assert capsys.readouterr().out.endswith(
        f'backbone: 8 of 8 tensors loaded (100 %) from {file}, head: 2 of 4; '
        'not loaded: head.1.weight (shape 10x5, file has 1000x5), '
        'head.1.bias (shape 10, file has 1000); left over in the file: 0\n')
    assert not {'head.1.weight', 'head.1.bias'} & loaded(net)
    assert {'head.0.weight', 'head.0.bias', 'backbone.norm.num_batches_tracked'} <= loaded(net)


def test_a_bias_that_would_fit_stays_with_its_weight(tmp_path, capsys):
    # both heads end in 10 classes, so both last biases have 10 values
    Pretrained(saved(tmp_path, filled(Classifier(hidden=6))))(net := Classifier(hidden=5))
    assert not any(name.startswith('head') for name in loaded(net))
    assert 'head.1.bias (its layer has another shape in the file)' in capsys.readouterr().out


def test_normalisation_is_the_configs_and_num_batches_tracked_does_not_count(tmp_path, capsys):
    state = filled(Classifier())
    del state['backbone.norm.num_batches_tracked']
    Pretrained(saved(tmp_path, state), min_loaded=1.)(net := Classifier())
    assert net.data_preprocessor.mean.tolist() == [0, 0, 0]
    assert 'head: 4 of 4; left over in the file: 0' in capsys.readouterr().out
    Pretrained(saved(tmp_path, filled(Features()) | {'fc.weight': torch.zeros(2)}))(Features())
    out = capsys.readouterr().out
    assert 'Features: 8 of 8 tensors' in out
    assert out.endswith('left over in the file: 1 (fc.weight)\n')


@pytest.mark.parametrize('share, fits', [(0.95, False), (0.76, False), (0.75, True), (0., True)])
def test_too_few_tensors_are_refused_and_nothing_is_loaded(tmp_path, share, fits):
    state = filled(net := Features())
    del state['layer4.weight'], state['layer4.bias']  # 6 of 8 remain
    initializer = Pretrained(saved(tmp_path, state | {'layer5.bias': torch.zeros(4)}),
                             min_loaded=share)
    if fits:
        initializer(net)
        assert 'conv.weight' in loaded(net)
        return
    with pytest.raises(ValueError, match=r'w.pth fits 6 of 8 tensors of Features, expected at '
                       r'least \d+%. Not loaded: layer4.weight \(not in the file\), .*Left over '
                       r'in the file: layer5.bias'):
        initializer(net)
    assert not loaded(net)


def test_the_head_cannot_make_up_for_the_backbone(tmp_path):
    state = {name: tensor for name, tensor in filled(Classifier()).items() if 'head' in name}
    for share in (0.95, 0.):
        with pytest.raises(ValueError, match='fits 0 of 8 tensors of backbone'):
            Pretrained(saved(tmp_path, state), min_loaded=share)(Classifier())


def test_prefix(tmp_path):
    state = {f'mmdet.{name}': tensor for name, tensor in filled(Features()).items()}
    file = saved(tmp_path, state | {'backbone.conv.weight': torch.zeros(1)})
    for prefix in ('mmdet', 'mmdet.'):
        Pretrained(file, prefix=prefix)(net := Features())
        assert loaded(net) == set(net.state_dict())
    with pytest.raises(ValueError, match=r"found nothing under prefix 'mmdetection.'; its names "
                       'begin with mmdet., backbone.'):
        Pretrained(file, prefix='mmdetection.')(Features())


def test_excluded_parts_keep_their_start_and_do_not_count(tmp_path, capsys):
    state = filled(net := Features())
    del state['layer4.bias']
    Pretrained(saved(tmp_path, state), exclude=['layer4'], min_loaded=1.)(net)
    assert not any('layer4' in name for name in loaded(net))
    out = capsys.readouterr().out
    assert 'Features: 6 of 6 tensors' in out
    assert 'excluded: 2;' in out
    with pytest.raises(ValueError, match="exclude: 'layer3' matches no module.*near: layer4"):
        Pretrained(saved(tmp_path, state), exclude=['layer3'])(net)
    with pytest.raises(ValueError, match='nothing is left to load into Features'):
        Pretrained(saved(tmp_path, state), exclude=['*'])(net)


def test_file_of_a_distributed_run_and_file_without_tensors(tmp_path):
    state = {f'module.{name}': tensor for name, tensor in filled(Features()).items()}
    torch.save(state, tmp_path / 'plain.pth')
    Pretrained(str(tmp_path / 'plain.pth'))(net := Features())
    assert loaded(net) == set(net.state_dict())
    torch.save(dict(epoch=3, optimizer={}), tmp_path / 'none.pth')
    with pytest.raises(ValueError, match='none.pth: found no tensors, but epoch, optimizer'):
        Pretrained(str(tmp_path / 'none.pth'))(net)


def test_a_file_that_holds_a_tensor_twice_is_refused(tmp_path):
    """The backbone of a detector, say, bare and inside: which of the two is meant?"""
    import plugins.classification  # noqa: F401 (its layouts)
    state = filled(Features()) | {f'backbone.{k}': v for k, v in filled(Features(), 8.).items()}
    with pytest.raises(ValueError, match='w.pth: holds 9 tensors under two names, among conv.w'):
        Pretrained(saved(tmp_path, state))(net := Features())
    Pretrained(saved(tmp_path, state), prefix='backbone')(net)
    assert (net.conv.weight == 8).all()


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_weights_that_are_no_numbers_are_refused(tmp_path, value):
    state = filled(Features())
    state['layer4.bias'][1] = value
    net = Features()
    with pytest.raises(ValueError, match='w.pth: layer4.bias: found numbers that are not finite'):
        Pretrained(saved(tmp_path, state))(net)
    assert not loaded(net)
    Pretrained(saved(tmp_path, state), exclude=['layer4'])(net)  # what is not loaded may be
    with pytest.raises(ValueError, match=r'min_loaded=95, expected a number in \[0, 1\]'):
        Pretrained('w.pth', min_loaded=95)
