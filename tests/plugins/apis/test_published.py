import re

import pytest
import torch

from plugins.apis import load_model
from plugins.apis.load import load_trained
from plugins.apis.publish import facts, publish
from plugins.apis.published import config_text, read_published
from plugins.engine.session import load_config
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, REPO_ROOT, save_checkpoint

LEAVES = sorted(path for path in (REPO_ROOT / 'configs').rglob('*.py')
                if not {'_base_', 'search'} & set(path.parts))


@pytest.fixture(scope='module')
def files(tmp_path_factory, classifier, detector):
    """Both kinds as published files."""
    folder = tmp_path_factory.mktemp('zoo')
    found = {}
    for config, checkpoint in ((CLASSIFIER, classifier), (DETECTOR, detector)):
        trained = load_trained(load_config(config), checkpoint, 'cpu')
        made = publish(trained, facts(trained, None), folder, safetensors=True)
        found[trained.kind] = {path.suffix: path for path in made.iterdir()}
    return found


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('kind, config', [('classifier', CLASSIFIER), ('detector', DETECTOR)])
def test_the_file_alone_predicts_the_same(files, request, kind, config, suffix, roads, digits_root):
    picture = next((digits_root if kind == 'classifier' else roads / 'training').rglob('*.png'))
    ours = load_model(files[kind][suffix], device='cpu')
    theirs = load_model(config, request.getfixturevalue(kind), 'cpu')
    assert ours.predict(picture, score_thr=0) == theirs.predict(picture, score_thr=0)
    assert ours.predict(picture, score_thr=0).get('detections') != []
    assert ours.card['config_text'].startswith('{') and ours.kind == theirs.kind == kind
    assert ours.classes == theirs.classes and ours.card.keys() > theirs.card.keys()
    assert isinstance(torch.load(files[kind]['.pth'], weights_only=True)['state_dict'], dict)


def test_no_folder_of_this_machine_and_no_weights_to_begin_with(tmp_path):
    cfg = load_config(DETECTOR, [f'test_dataloader.dataset.data_root={tmp_path}',
                                 "+model.backbone.init_cfg={'type': 'Pretrained', "
                                 "'checkpoint': 'torchvision://resnet18'}"])
    text = config_text(cfg)
    assert str(tmp_path) not in text and tmp_path.name in text
    assert 'init_cfg' not in text and 'work_dir' not in text and 'optim_wrapper' in text


def changed(file, tmp_path, change):
    """A copy of a published file in which something is different."""
    content = torch.load(file)
    change(content['meta']['published'])
    torch.save(content, tmp_path / 'changed.pth')
    return tmp_path / 'changed.pth'


@pytest.mark.parametrize('new', ['os.system', 'antigravity', 'mmpretrain.os', 'TimmClassifier',
                                 'HuggingFaceClassifier', 'subprocess.Popen', 'mmdet.subprocess'])
@pytest.mark.parametrize('old', ['BaseNet', 'MLPClsHead', 'BatchDataPreprocessor'])
def test_nothing_but_networks_is_built(files, tmp_path, old, new):
    file = changed(files['classifier']['.pth'], tmp_path, lambda content: content.update(
        config=content['config'].replace(f"'type': '{old}'", f"'type': '{new}'")))
    with pytest.raises(ValueError, match=f'rejected, its config names {new}, which no config of'):
        load_model(file)


def test_a_source_is_not_imported(files, tmp_path):
    file = changed(files['classifier']['.pth'], tmp_path, lambda content: content.update(
        config=content['config'].replace("'type': 'class_folder'", "'type': 'os.system'")))
    with pytest.raises(ValueError, match="source: unknown type 'os.system', expected one of"):
        load_model(file).predict(torch.zeros(8, 8, 3, dtype=torch.uint8).numpy())


@pytest.mark.parametrize('change, message', [
    (dict(format=2), 'was published in format 2, expected 1'),
    (dict(config='__import__("os")'), r'its config is damaged \(ValueError: malformed'),
    (dict(config='{' * 9999), 'its config is damaged'),
    (dict(config='{}'), 'its config is damaged'),
    (dict(config="{'model': {}, 'default_scope': 'mmdet', 'test_dataloader': {'dataset': {}}}"),
     'its model has no type'),
    (dict(config=3), 'published.config is 3, expected text'),
    (dict(config="{'model': {}, 'default_scope': 'os', 'test_dataloader': {'dataset': {}}}"),
     "KeyError: 'os'")])
def test_a_damaged_config(files, tmp_path, change, message):
    file = changed(files['classifier']['.pth'], tmp_path, lambda content: content.update(change))
    with pytest.raises(ValueError, match=message):
        read_published(file)


def test_files_that_are_not_as_they_were_published(files, classifier, tmp_path):
    whole = files['classifier']['.pth']
    for content, message in (
            (whole.read_bytes()[:-1000], 'expected ' + whole.stem[-8:]),
            (whole.read_bytes().replace(b'experiment_name', b'experiment_game', 1), 'SHA-256 is')):
        (tmp_path / whole.name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path / whole.name)
    (tmp_path / 'cut.pth').write_bytes(whole.read_bytes()[:-1000])
    with pytest.raises(ValueError, match='cut.pth: not a readable checkpoint'):
        load_model(tmp_path / 'cut.pth')
    with pytest.raises(ValueError, match=re.escape(f'{classifier}: contains no config and class')):
        load_model(classifier)
    other = changed(whole, tmp_path, lambda content: content.update(
        config=config_text(load_config(DETECTOR))))
    with pytest.raises(ValueError, match='does not fit the detector of .*changed.pth'):
        load_model(other)


@pytest.mark.parametrize('name, classes', [
    ('efficientnet_lite/efficientnet-lite0_frozen_1xb64-5e_flowers-224px.py', 'abcde'),
    ('yolov3/yolov3_efficientnet-lite0_imagenet_1xb4-30e_own-640x416.py', ['car'])])
def test_a_backbone_of_timm(tmp_path, name, classes):
    config = str(REPO_ROOT / 'configs' / name)
    trained = load_trained(load_config(config), save_checkpoint(
        tmp_path / 'x.pth', config, tuple(classes)), 'cpu')
    made = publish(trained, facts(trained, None), tmp_path)
    file = made / f'{made.name}.pth'
    picture = torch.zeros(9, 9, 3, dtype=torch.uint8).numpy()
    assert load_model(file, device='cpu').predict(picture) == trained.predict(picture)
    for name in ("'hf-hub:someone/some_model'", "'tf_efficientnet_lite0', 'norm_layer': 'os.x'"):
        other = changed(file, tmp_path, lambda content, name=name: content.update(
            config=content['config'].replace("'tf_efficientnet_lite0'", name)))
        with pytest.raises(ValueError, match='rejected, its config names .*TIMMBackbone, which'):
            load_model(other)


@pytest.mark.parametrize('kind, change, named', [
    ('classifier', ("'dataset': {'type': 'ArrayDataset'", "'dataset': {'type': 'os.system'"), ''),
    ('classifier', ("'type': 'BaseNet'", "'_scope_': 'os', 'type': 'BaseNet'"), 'BaseNet'),
    ('detector', ("'nms': {'type': 'nms'", "'nms': {'type': '__import__(\"os\").abort()'"),
     '__import__'),
    ('detector', ("'type': 'BatchGridAssigner'", "'type': 'CameraMotionCompensation'"), 'Camera'),
    ('detector', ("'type': 'YOLOV3'", "'type': 'KnowledgeDistillationSingleStageDetector', "
                  "'teacher_config': 'evil.py'"), 'Knowledge'),
    ('classifier', ("'type': 'MLPClsHead'", "'type': 'VQAGenerationHead', 'answer_list_path': "
                    "'http://127.0.0.1:9/x.pkl'"), 'VQA')])
def test_what_upstream_would_evaluate_fetch_or_read_is_not_built(
        files, tmp_path, kind, change, named):
    def write(content):
        assert change[0] in content['config']
        content['config'] = content['config'].replace(*change)
    file = changed(files[kind]['.pth'], tmp_path, write)
    if named:
        with pytest.raises(ValueError, match=f'rejected, its config names {named}'):
            load_model(file)
    else:  # the data set is not built
        load_model(file)


def test_classes_are_in_the_file(files, tmp_path):
    content = torch.load(files['classifier']['.pth'])
    del content['meta']['dataset_meta']
    torch.save(content, tmp_path / 'x.pth')
    with pytest.raises(ValueError, match='x.pth: contains no config and classes'):
        load_model(tmp_path / 'x.pth')


@pytest.mark.slow
@pytest.mark.parametrize('path', LEAVES, ids=[path.stem for path in LEAVES])
def test_every_config_may_be_published(path, tmp_path):
    cfg = load_config(str(path))
    torch.save(dict(state_dict={}, meta=dict(dataset_meta=dict(classes=['a']), published=dict(
        format=1, config=config_text(cfg), card={}))), tmp_path / 'x.pth')
    found, *_ = read_published(tmp_path / 'x.pth')
    assert found.model.type == cfg.model.type
