"""COCO's JSON under upstream's type: what KittiDataset rejects is rejected here, too."""
import json
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS
from PIL import Image

import plugins.detection  # noqa: F401  (registers CocoDataset)
from plugins.engine.unwrap import inner_datasets

CLASSES = ('car', 'cyclist')


@pytest.fixture
def coco(tmp_path) -> dict:
    """Two images of 60 x 40 pixels; a car and a cyclist in the first one."""
    for name in 'ab':
        Image.new('RGB', (60, 40)).save(tmp_path / f'{name}.png')
    boxes = [[5, 5, 20, 10], [30, 10, 29.5, 30]]
    return dict(
        images=[dict(id=n, file_name=f'{name}.png', width=60, height=40)
                for n, name in enumerate('ab')],
        categories=[dict(id=7, name='car'), dict(id=3, name='cyclist'), dict(id=9, name='tram')],
        annotations=[dict(id=n, image_id=0, category_id=(7, 3)[n], bbox=box, iscrowd=0,
                          area=box[2] * box[3]) for n, box in enumerate(boxes)])


def built(coco: dict | str, root: Path, classes=CLASSES, **more):
    text = coco if isinstance(coco, str) else json.dumps(coco)
    (root / 'labels.json').write_text(text)
    names = {} if classes is None else dict(metainfo=dict(classes=classes))
    return DATASETS.build(dict(type='CocoDataset', data_root=str(root), ann_file='labels.json',
                               data_prefix=dict(img=''), **names, **more))


def test_sound_data(coco, tmp_path, capfd):
    dataset = built(coco, tmp_path)
    assert [one['bbox_label'] for one in dataset.get_data_info(0)['instances']] == [0, 1]
    assert dataset.names == [str(tmp_path / 'a.png'), str(tmp_path / 'b.png')]
    assert dataset.nothing_to_find == '' and not dataset.findings
    assert len(built(coco, tmp_path, filter_cfg=dict(filter_empty_gt=True))) == 1
    before = dataset.fingerprint
    coco['annotations'][0]['bbox'][0] = 6
    assert built(coco, tmp_path).fingerprint != before
    config = Config(dict(dataset=dict(
        type='CocoDataset', data_root=str(tmp_path), ann_file='labels.json',
        data_prefix=dict(img=''), metainfo=dict(classes=CLASSES))))
    inner, = inner_datasets(config)  # what DisjointPartsHook compares
    assert inner.names == dataset.names and 'full_init' not in capfd.readouterr().err


@pytest.mark.parametrize('classes', [
    ('car', 'cyclsit'), ('cyclist', 'car'), ('car', 'car'), ('Car',), ('car ',), 'car', None])
def test_classes_that_are_not_the_files(coco, tmp_path, classes):
    with pytest.raises(ValueError, match="labels.json: found the categories 'car', 'cyclist', 't"):
        built(coco, tmp_path, classes)
    coco['categories'].append(dict(id=12, name='car'))
    with pytest.raises(ValueError, match='expected among them, once each and in this order, '):
        built(coco, tmp_path)


def test_a_part_without_objects(coco, tmp_path):
    with pytest.raises(ValueError, match='labels.json: none of the 2 images.*to train on'):
        built(coco, tmp_path, ('tram',))
    assert 'has an object of' in built(coco, tmp_path, ('tram',), test_mode=True).nothing_to_find


@pytest.mark.parametrize('box, found', [
    ([0.1, 0.2, 0.5, 0.5], 'this is a share of the image of 60 x 40'),
    ([10, 10, 30, 35], 'inside the image of 60 x 40 pixels'),  # corners, not sizes
    ([10, 10, 600, 300], 'labels and images are of different sizes'),
    ([61, 5, 1, 5], 'expected it inside the image'),
    ([float('nan'), 5, 9, 5], 'found the corners nan, 5, nan, 10'),
    ([5, float('nan'), 9, 5], 'found the corners 5, nan, 14, nan'),
    ([5, 5, 9], 'labels.json: found ValueError'),
    ([5, 5, 9, '9'], 'labels.json: found TypeError'),
    (None, 'labels.json: found'),
])
def test_boxes_in_other_units(coco, tmp_path, box, found):
    coco['annotations'][1]['bbox'] = box
    with pytest.raises(ValueError, match=found):
        built(coco, tmp_path)


def test_broken_files(coco, tmp_path):
    for text in ('', '[]', '{}', '{"images": [1]}', '{"images": [], "annotations": []}',
                 json.dumps(coco)[:-9]):
        with pytest.raises(ValueError, match="labels.json: found .* in COCO's form"):
            built(text, tmp_path)
    for part, key, value, message in (
            ('annotations', 'image_id', 5, 'ValueError annotation 0 with the unknown image_id 5'),
            ('annotations', 'area', None, 'TypeError'), ('annotations', 'id', [1], 'TypeError'),
            ('annotations', 'category_id', 5, 'ValueError .* the unknown category_id 5'),
            ('annotations', 'id', 1, 'ValueError a repeated id in annotations'),
            ('images', 'id', 1, 'ValueError a repeated id in images'),
            ('categories', 'id', 3, 'ValueError a repeated id in categories'),
            ('images', 'file_name', 'b.png', 'ValueError a repeated file_name in images'),
            ('categories', 'name', ['car'], 'TypeError')):
        spoilt = json.loads(json.dumps(coco))
        spoilt[part][0][key] = value
        with pytest.raises(ValueError, match=f'labels.json: found {message}'):
            built(spoilt, tmp_path)
    with pytest.raises(ValueError, match='labels.json: found TypeError'):
        built(dict(coco, annotations={}), tmp_path)
    for test_mode in (True, False):
        with pytest.raises(ValueError, match='labels.json: filter_cfg {} leaves none of 0 images'):
            built(dict(coco, annotations=[], images=[]), tmp_path, test_mode=test_mode)
    coco['images'][1].update(width=30)
    with pytest.raises(ValueError, match=r'b.png: found 60 x 40 pixels, expected \[30, 40\]'):
        built(coco, tmp_path)
    (tmp_path / 'b.png').unlink()
    with pytest.raises(ValueError, match='b.png: cannot be decoded.*; correct its name or'):
        built(coco, tmp_path)


def test_doubtful_labels_are_warned_of(coco, tmp_path):
    first = coco['annotations'][0]
    coco['annotations'] += [dict(first, id=8), dict(first, id=9, bbox=[5, 5, 0.5, 10])]
    dataset = built(coco, tmp_path)
    assert len(dataset.get_data_info(0)['instances']) == 3
    twice, small = dataset.findings
    assert 'labels.json: annotation 8 repeats annotation 0' in twice
    assert 'annotation 9 is left out' in small
    coco['annotations'] = [dict(first, id=n, bbox=[n, n, 20, 5]) for n in range(20)]
    assert 'none of 20 boxes reaches beyond 0.65' in built(coco, tmp_path).findings[0]
    coco['annotations'][3]['bbox'] = [30, 3, 20, 5]
    assert not built(coco, tmp_path).findings
