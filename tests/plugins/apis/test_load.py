import json

import pytest
import torch

from plugins.apis.load import evaluated_data, find_device, kind_of, load_trained
from plugins.engine.config_keys import resolved_keys
from plugins.engine.experiment import EXPERIMENT
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, save_checkpoint


def test_names_and_weights_are_those_of_the_checkpoint(classifier):
    trained = load_trained(load_config(CLASSIFIER), classifier, 'cpu')
    assert trained.classes == tuple('0123456789')
    assert trained.kind == 'classifier' and not trained.model.training
    saved = torch.load(classifier)['state_dict']
    assert all(torch.equal(value, saved[name])
               for name, value in trained.model.state_dict().items())


@pytest.mark.parametrize('config, other', [(CLASSIFIER, 'detector'), (DETECTOR, 'classifier')])
def test_a_checkpoint_of_the_other_kind_is_rejected(config, other, request):
    with pytest.raises(ValueError, match=rf'{other}.pth does not fit the .*it was saved by '
                       r'(yolov3|basenet).*state_dict'):
        load_trained(load_config(config), request.getfixturevalue(other), 'cpu')


def test_without_names_in_the_checkpoint_those_of_the_data_are_taken(tmp_path, digits_root):
    unnamed = save_checkpoint(tmp_path / 'unnamed.pth', CLASSIFIER, None)
    root = f'test_dataloader.dataset.source.data_root={digits_root / "test"}'
    trained = load_trained(load_config(CLASSIFIER, [root]), unnamed, 'cpu')
    assert trained.classes == tuple('0123456789')
    nowhere = load_config(CLASSIFIER, [f'{root}/none'])
    with pytest.raises(ValueError, match='unnamed.pth: names no classes, and those.*test/none'):
        load_trained(nowhere, unnamed, 'cpu')


def test_wrong_names_and_broken_numbers_are_rejected(tmp_path, classifier):
    cfg = load_config(CLASSIFIER)
    two = save_checkpoint(tmp_path / 'two.pth', CLASSIFIER, ('cat', 'dog'))
    with pytest.raises(ValueError, match='its model has 10 classes, but found the 2 names cat, do'):
        load_trained(cfg, two, 'cpu')
    saved = torch.load(classifier)
    name = next(iter(saved['state_dict']))
    saved['state_dict'][name].view(-1)[0] = float('nan')
    torch.save(saved, tmp_path / 'nan.pth')
    with pytest.raises(ValueError, match=f'nan.pth: {name}: .*not finite'):
        load_trained(cfg, tmp_path / 'nan.pth', 'cpu')


@pytest.mark.parametrize('device', ['cuda:97', 'gpu', 'meta', 'cpu:x'])  # torch fills meta
def test_a_device_that_cannot_compute_is_rejected_with_those_that_can(device):
    with pytest.raises(ValueError, match=f"device '{device}': .* this machine: cpu"):
        find_device(device)
    assert find_device('cpu') == torch.device('cpu')


def test_the_other_kind_is_rejected():
    assert kind_of(load_config(DETECTOR)) == kind_of(load_config(DETECTOR), 'detector')
    with pytest.raises(ValueError, match='describes a detector, expected a classifier'):
        kind_of(load_config(DETECTOR), 'classifier')


def test_anchors_that_the_model_was_not_trained_with_are_warned_of(tmp_path, capsys):
    cfg = load_config(DETECTOR)
    begun = json.loads(resolved_keys(cfg))
    begun['model.backbone.init_cfg'] = 'elsewhere'  # irrelevant to a trained model
    hub = dict(runtime_info={EXPERIMENT: json.dumps(begun)})
    same = save_checkpoint(tmp_path / 'same.pth', DETECTOR, ('car',), message_hub=hub)
    load_trained(cfg, same, 'cpu')
    assert not capsys.readouterr().err
    begun['model.bbox_head.anchor_generator.base_sizes.0.0.0'] = 99
    hub['runtime_info'][EXPERIMENT] = json.dumps(begun)
    other = save_checkpoint(tmp_path / 'other.pth', DETECTOR, ('car',), message_hub=hub)
    load_trained(cfg, other, 'cpu')
    assert 'base_sizes.0.0.0 was 99, is 40. Its predictions' in capsys.readouterr().err


def test_a_checkpoint_that_could_run_code_must_be_trusted(classifier, tmp_path):
    cfg = load_config(CLASSIFIER)
    torch.save(torch.load(classifier) | dict(more=pytest.approx), tmp_path / 'code.pth')
    with pytest.raises(ValueError, match='--trust-checkpoint'):
        load_trained(cfg, tmp_path / 'code.pth', 'cpu')
    assert load_trained(cfg, tmp_path / 'code.pth', 'cpu', trust=True).classes[9] == '9'


def test_a_data_set_is_found_below_its_wrappers():
    cfg = load_config(CLASSIFIER)
    inner = cfg.test_dataloader.dataset
    cfg.test_dataloader.dataset = dict(type='ConcatDataset', datasets=[
        dict(type='RepeatDataset', times=2, dataset=inner)])
    assert evaluated_data(cfg, 'source').source == inner.source
    assert evaluated_data(cfg, 'ann_file') == {}
