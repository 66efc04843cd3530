"""KITTI's folders as a data set: classes, ignored boxes, parts, broken folders."""
import logging
import random
import shutil
from types import SimpleNamespace

import pytest
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from PIL import Image

from plugins.detection import KittiDataset
from plugins.detection.kitti_dataset import seeded_part, shuffled
from plugins.engine.hooks import DisjointPartsHook

SPLIT = {'seed': 0, 'fractions': {'train': 0.67, 'test': 0.33}}


def instances(dataset: KittiDataset, index: int = 0) -> list[tuple]:
    return [(item['type'], item['bbox_label'], item['ignore_flag'])
            for item in dataset.get_data_info(index)['instances']]


def test_cars(kitti_root):
    dataset = KittiDataset(str(kitti_root))
    assert len(dataset) == 3
    assert dataset.metainfo['classes'] == ('car',)
    assert dataset.metainfo['instance_types'] == ('Car', 'Van', 'DontCare')
    assert instances(dataset) == [
        ('Car', 0, 0), ('Car', 0, 0), ('Van', 0, 1), ('DontCare', 0, 1)]  # a cyclist is background
    assert instances(dataset, 1) == instances(dataset, 2) == []
    info = dataset.get_data_info(1)
    assert (info['img_id'], info['height'], info['width']) == (1, 64, 120)
    assert info['img_path'].endswith('training/image_2/000001.jpg')


def test_boxes_are_clipped_and_facts_kept(kitti_root):
    whole, cut, _, region = KittiDataset(str(kitti_root)).get_data_info(0)['instances']
    assert whole['bbox'] == [10.0, 20.0, 50.0, 60.0]
    assert cut['bbox'] == [0.0, 30.0, 24.5, 64.0]  # -1.5 and 66 lie outside 120 x 64
    assert (cut['truncated'], cut['occluded'], cut['alpha']) == (0.3, 2, 0.5)
    assert region['bbox'] == [100.0, 5.0, 120.0, 15.0]
    assert (cut['label_bbox'], 'label_bbox' in whole) == ([-1.5, 30.0, 24.5, 66.0], False)


def test_a_doubled_line_is_an_object_and_is_warned_of(kitti_root, monkeypatch):
    said = []
    monkeypatch.setattr('plugins.detection.labelled_boxes.print_log',
                        lambda text, logger, level: said.append((text, level)))
    path = kitti_root / 'training' / 'label_2' / '000000.txt'
    lines = path.read_text().splitlines()
    path.write_text('\n'.join([*lines, lines[0], lines[1].replace(' 2 ', ' 1 '),
                               lines[2].replace('Van', 'Truck'), lines[0]]))
    cars = [one for one in KittiDataset(str(kitti_root)).get_data_info(0)['instances']
            if one['type'] == 'Car']
    assert len(cars) == 5
    (text, level), = said
    assert level == logging.WARNING and all(
        f'{path}:{line} repeats the type and box of line {first}' in text
        for line, first in ((6, 1), (7, 2), (9, 1))) and f'{path}:8' not in text


@pytest.mark.parametrize('class_map, first, second', [
    ({'car': ['Car', 'Van']},
     [('Car', 0, 0), ('Car', 0, 0), ('Van', 0, 0), ('DontCare', 0, 1)], []),
    ({'car': ['Car'], 'pedestrian': ['Pedestrian']},  # DontCare is ignored for every class
     [('Car', 0, 0), ('Car', 0, 0), ('Van', 0, 1), ('DontCare', 0, 1), ('DontCare', 1, 1)],
     [('Pedestrian', 1, 0), ('Person_sitting', 1, 1)]),
    ({'van': ['Van'], 'car': ['Car']},  # a type with a class of its own is nobody's neighbour
     [('Car', 1, 0), ('Car', 1, 0), ('Van', 0, 0), ('DontCare', 0, 1), ('DontCare', 1, 1)], []),
])
def test_class_maps(kitti_root, class_map, first, second):
    dataset = KittiDataset(str(kitti_root), class_map=class_map)
    assert dataset.metainfo['classes'] == tuple(class_map)
    assert (instances(dataset), instances(dataset, 1)) == (first, second)


def test_ignore_types_can_be_chosen(kitti_root):
    dataset = KittiDataset(str(kitti_root), ignore_types={'car': ['Cyclist']})
    assert instances(dataset) == [('Car', 0, 0), ('Car', 0, 0), ('Cyclist', 0, 1)]
    assert dataset.metainfo['instance_types'] == ('Car', 'Cyclist')


@pytest.mark.parametrize('arguments, found', [
    ({'class_map': {'car': ['car']}}, r"class_map\['car'\]: found \['car'\], expected KITTI types"),
    ({'class_map': {'a': ['Car'], 'b': ['Car']}}, r"\['Car'\] more than once"),
    ({'ignore_types': {'van': ['Van']}}, "ignore_types: found the class 'van'"),
    ({'split': SPLIT}, 'expected split and part together'),
    ({'split': SPLIT, 'part': 'train', 'ann_file': 'a.txt'}, 'or ann_file'),
    ({'split': SPLIT, 'part': 'dev'}, "part='dev'"),
    ({'filter_cfg': {'min_size': 65}}, 'leaves none of 3 images'),
])
def test_arguments_that_make_no_sense(kitti_root, arguments, found):
    with pytest.raises(ValueError, match=found):
        KittiDataset(str(kitti_root), **arguments)


def test_parts_by_seed_and_by_list(kitti_root):
    def ids(**kwargs) -> list[int]:
        dataset = KittiDataset(str(kitti_root), test_mode=True, **kwargs)
        return [dataset.get_data_info(i)['img_id'] for i in range(len(dataset))]

    train, test = (ids(split=SPLIT, part=part) for part in ('train', 'test'))
    assert sorted(train + test) == [0, 1, 2] and len(train) == 2
    assert train == ids(split=SPLIT, part='train')
    (kitti_root / 'ImageSets').mkdir()
    (kitti_root / 'ImageSets' / 'train.txt').write_text('000002\n000000\n')
    assert ids(ann_file='ImageSets/train.txt') == [2, 0]


def test_images_without_a_car_can_be_left_out(kitti_root):
    rules = {'filter_empty_gt': True, 'min_size': 64}
    assert len(KittiDataset(str(kitti_root), filter_cfg=rules)) == 1
    assert len(KittiDataset(str(kitti_root), filter_cfg=rules, test_mode=True)) == 3


def remove_labels(training):
    shutil.rmtree(training / 'label_2')


def same_id_twice(training):
    shutil.copy(training / 'image_2' / '000001.jpg', training / 'image_2' / '000001.jpeg')


def no_images(training):
    for path in training.glob('*/*'):
        path.unlink()


def foreign_file(training):
    (training / 'image_2' / '.DS_Store').touch()  # hidden files are overlooked
    (training / 'image_2' / 'Thumbs.db').touch()


def unreadable_image(training):
    (training / 'image_2' / '000002.png').write_bytes(b'not an image')


def box_beside(training):  # within the slack, but nothing is left after clipping
    path = training / 'label_2' / '000001.txt'
    path.write_text(path.read_text().replace('50.0 20.0 62.0 50.0', '-1.5 20.0 -0.5 50.0'))


@pytest.mark.parametrize('damage, error, found', [
    (shutil.rmtree, FileNotFoundError, 'image_2: no such folder.*make_sample_data.py'),
    (remove_labels, FileNotFoundError, 'label_2: no such folder'),
    (no_images, FileNotFoundError, 'image_2: found no image'),
    (same_id_twice, ValueError, '000001.jpg: found 000001.jpeg beside it'),
    (foreign_file, ValueError, 'Thumbs.db: found a file of another kind'),
    (unreadable_image, ValueError, '000002.png: cannot be decoded as an image'),
    (box_beside, ValueError, r'000001.txt:2: found the box \(-1.5, .* inside the image'),
])
def test_broken_folders(kitti_root, damage, error, found):
    damage(kitti_root / 'training')
    with pytest.raises(error, match='(?s)' + found):
        KittiDataset(str(kitti_root), class_map={'pedestrian': ['Pedestrian']})


@pytest.mark.parametrize('inside, outside', [
    ('-2.0 1 9 9', '-2.1 1 9 9'), ('1 -2.0 9 9', '1 -2.1 9 9'),
    ('1 1 122.0 9', '1 1 122.1 9'), ('1 1 9 66.0', '1 1 9 66.1')])
def test_boxes_may_leave_the_image_by_two_pixels(kitti_root, inside, outside):
    path = kitti_root / 'training' / 'label_2' / '000000.txt'
    text = path.read_text()
    path.write_text(text.replace('10.0 20.0 50.0 60.0', inside))
    box = KittiDataset(str(kitti_root)).get_data_info(0)['instances'][0]['bbox']
    assert min(box[:2]) >= 0 and box[2] <= 120 and box[3] <= 64
    path.write_text(text.replace('10.0 20.0 50.0 60.0', outside))
    with pytest.raises(ValueError, match=r'000000.txt:1: .*120 x 64.*of different sizes'):
        KittiDataset(str(kitti_root))


@pytest.mark.parametrize('arguments, images', [
    ({'class_map': {'tram': ['Tram']}}, 3),
    # a Van alone is ignored, and images without any instance are no images of cars
    ({'class_map': {'truck': ['Truck']}, 'ignore_types': {'truck': ['Van']}}, 3),
    ({'ann_file': 'list.txt', 'filter_cfg': {'filter_empty_gt': True}}, 2),
])
def test_a_training_part_without_objects(kitti_root, arguments, images):
    (kitti_root / 'list.txt').write_text('000001\n000002\n')
    with pytest.raises(ValueError, match=f'label_2: none of the {images} images.*to train on'):
        KittiDataset(str(kitti_root), **arguments)
    part = KittiDataset(str(kitti_root), test_mode=True, **arguments)
    assert len(part) == images
    assert f'label_2: none of the {images} images of this part' in part.nothing_to_find
    assert KittiDataset(str(kitti_root), test_mode=True).nothing_to_find == ''


def test_fingerprint_sees_labels_classes_sizes_and_part(kitti_root, tmp_path):
    def fingerprint(root=kitti_root, **kwargs) -> str:
        return KittiDataset(str(root), test_mode=True, **kwargs).fingerprint

    first = fingerprint()
    assert len(first) == 64 and int(first, 16) and fingerprint() == first
    shutil.copytree(kitti_root, tmp_path / 'moved')
    assert fingerprint(tmp_path / 'moved') == first  # paths do not count
    (kitti_root / 'list.txt').write_text('000002\n000000\n000001\n')
    assert fingerprint(ann_file='list.txt') == first  # nor does the order
    seen = {first, fingerprint(split=SPLIT, part='train'), fingerprint(split=SPLIT, part='test'),
            fingerprint(class_map={'auto': ['Car']}), fingerprint(ignore_types={})}
    path = kitti_root / 'training' / 'label_2' / '000000.txt'
    for old, new in (('50.0 60.0', '50.1 60.0'), ('Car 0.30 2', 'Car 0.30 1')):
        path.write_text(path.read_text().replace(old, new))
        seen.add(fingerprint())
    Image.new('RGB', (121, 64)).save(kitti_root / 'training' / 'image_2' / '000002.png')
    seen.add(fingerprint())
    assert len(seen) == 8


def test_ignored_boxes_reach_the_model_apart(kitti_root):
    dataset = KittiDataset(str(kitti_root), pipeline=[
        {'type': 'LoadCachedImage'}, {'type': 'LoadAnnotations', 'with_bbox': True},
        {'type': 'Resize', 'scale': (60, 32), 'keep_ratio': True}, {'type': 'PackDetInputs'}])
    sample = dataset[0]
    assert sample['inputs'].shape == (3, 32, 60)
    assert sample['data_samples'].gt_instances.bboxes.tensor.tolist() == [
        [5, 10, 25, 30], [0, 15, 12.25, 32]]
    assert sample['data_samples'].ignored_instances.bboxes.tensor.tolist() == [
        [30, 5, 45, 25], [50, 2.5, 60, 7.5]]


def test_the_hook_finds_images_that_two_parts_share(kitti_root):
    split = dict(seed=0, fractions=dict(train=.34, val=.33, test=.33))
    cfg = Config({f'{part}_dataloader': dict(dataset=dict(
        type='KittiDataset', data_root=str(kitti_root), split=split, part=part, test_mode=True))
        for part in split['fractions']})
    loaders = {f'{part}_dataloader': SimpleNamespace(dataset=KittiDataset(
        str(kitti_root), split=split, part=part, test_mode=True)) for part in ('train', 'val')}
    runner = SimpleNamespace(**loaders, cfg=cfg, val_loop=True, _resume=False,
                             message_hub=MessageHub('run'),
                             logger=MMLogger.get_current_instance())
    DisjointPartsHook().before_train(runner)
    cfg.test_dataloader.dataset.part = 'val'
    with pytest.raises(ValueError, match='val_dataloader .* and test_dataloader .* share 1'):
        DisjointPartsHook().before_train(runner)


IDS = [f'{i:06d}' for i in range(76)]
SHARES = {'train': 0.70, 'val': 0.09, 'test': 0.21}


def parts(seed: int, ids=IDS):
    return {part: seeded_part(ids, part, seed, SHARES) for part in SHARES}


def test_seeded_parts_are_disjoint_and_complete():
    divided = parts(0)
    assert {name: len(part) for name, part in divided.items()} == {
        'train': 53, 'val': 7, 'test': 16}  # by hand: 53.2, then 60.04
    assert sorted(sum(divided.values(), [])) == IDS


def test_the_seed_alone_decides():
    shuffled = random.Random(5).sample(IDS, len(IDS))
    assert parts(0) == parts(0, shuffled)
    assert parts(0)['test'] != parts(1)['test']
    # fixed for all machines: a change would move images from train to test
    assert parts(0)['val'][:3] == ['000057', '000066', '000034']


@pytest.mark.parametrize('fractions, found', [
    ({'train': 0.8, 'val': 0.1}, 'sum to 1'),
    ({'train': 1.2, 'val': -0.2}, 'positive'),
    ({'val': 1.0}, "part='train', expected one of"),
    ({'val': 0.999, 'train': 0.001}, 'gets no image'),
])
def test_fractions_that_make_no_sense(fractions, found):
    with pytest.raises(ValueError, match=found):
        seeded_part(IDS, 'train', 0, fractions)


def test_the_shuffled_ids_begin_with_the_first_part():
    ids = shuffled(IDS, 0)
    assert sorted(ids) == sorted(IDS) and ids == shuffled(IDS[::-1], 0) != shuffled(IDS, 1)
    assert ids[:50] == seeded_part(IDS, 'train', 0, SHARES)[:50]
