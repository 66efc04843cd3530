"""The same boxes in four forms are the same in COCO's, and each fault is one sentence."""
import json
import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from mmengine.config import Config
from mmengine.registry import DATASETS
from PIL import Image
from pycocotools.coco import COCO

from plugins.detection import KittiDataset
from tests.plugins.detection.conftest import TAIL
from tools.dataset_converters.to_coco import main

NAMES = ('car', 'traffic light')
WIDTH, HEIGHT = 120, 64
LABELS = {f'{part}/p{number}': [
    (NAMES[number % 2], 10.25 + number, 5.5, 60.75 + number, 40.125), (NAMES[0], 1.5, 2., 9., 64.)]
    for part, count in (('train', 8), ('val', 4)) for number in range(count)}
LABELS['train/p9'] = []


def pictures(root: Path, folder: str) -> None:
    for number, name in enumerate(LABELS):
        path = root / folder / f'{name}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(path)


def texts(root: Path, folder: str, suffix: str, line) -> None:
    for name, boxes in LABELS.items():
        path = root / folder / f'{name}.{suffix}'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('\n'.join(line(*box) for box in boxes))


def yolo(root: Path) -> Path:
    """As Ultralytics lays it out."""
    pictures(root, 'images')
    texts(root, 'labels', 'txt', lambda name, x1, y1, x2, y2: ' '.join(map(str, (
        NAMES.index(name), (x1 + x2) / 2 / WIDTH, (y1 + y2) / 2 / HEIGHT, (x2 - x1) / WIDTH,
        (y2 - y1) / HEIGHT))))
    (root / 'data.yaml').write_text(yaml.safe_dump(dict(
        path='../datasets/mine', train='../images/train', val='images/val', nc=2,
        names=dict(enumerate(NAMES)))))
    return root


def voc(root: Path) -> Path:
    pictures(root, 'JPEGImages')
    texts(root, 'Annotations', 'xml', lambda name, *box: f'<object>\n<name>{name}</name><bndbox>'
          + ''.join(f'<{key}>{value}</{key}>' for key, value in zip(
              ('xmin', 'ymin', 'xmax', 'ymax'), box, strict=True)) + '</bndbox></object>')
    for path in root.glob('Annotations/*/*'):
        path.write_text(f'<annotation><size><width>{WIDTH}</width><height>{HEIGHT}</height></size>'
                        f'\n{path.read_text()}\n</annotation>')
    return root


def kitti(root: Path) -> Path:
    """With names of one's own, which have no space."""
    pictures(root, 'images')
    texts(root, 'labels', 'txt', lambda name, *box:
          f'{name.replace(" ", "_")} 0 0 0 {" ".join(map(str, box))} {TAIL}')
    return root


def coco(root: Path) -> Path:
    pictures(root, '.')
    for part in ('train', 'val'):
        names = [name for name in LABELS if name.startswith(part)]
        (root / f'instances_{part}.json').write_text(json.dumps(dict(
            images=[dict(id=name, file_name=f'{Path(name).name}.png', width=WIDTH, height=HEIGHT)
                    for name in names],
            categories=[dict(id=4, name=NAMES[0]), dict(id=2, name=NAMES[1])],
            annotations=[dict(id=f'{name} {n}', image_id=name, category_id=dict(zip(
                NAMES, (4, 2), strict=True))[label], bbox=[x1, y1, x2 - x1, y2 - y1])
                for name in names for n, (label, x1, y1, x2, y2) in enumerate(LABELS[name])])))
    return root


FORMS = dict(yolo=yolo, voc=voc, kitti=kitti, coco=coco)


def contents(config: Path) -> dict[str, dict]:
    return {part: json.loads((config.parent / f'{part}.json').read_text())
            for part in ('train', 'val', 'test')}


@pytest.mark.parametrize('form', FORMS)
def test_boxes_classes_and_parts_are_the_sources(form, tmp_path, capsys):
    root = FORMS[form](tmp_path / 'mine {x}')
    argv = ['--classes', 'car', 'traffic light=traffic_light'] if form == 'kitti' else []
    config = main([form, str(root), *argv])
    assert f'python tools/train.py {shlex.quote(str(config))}' in capsys.readouterr().out
    cfg = Config.fromfile(config)
    assert cfg.model.bbox_head.num_classes == 2
    found, ids = {}, set()
    for part, size in dict(train=7, val=2, test=4).items():  # of 13: test was val, 2 drawn for val
        data = DATASETS.build(cfg[f'{part}_dataloader'].dataset)
        assert (len(data), data.metainfo['classes'], data.findings) == (size, NAMES, [])
        for info in map(data.get_data_info, range(size)):
            key = '/'.join(Path(os.path.realpath(info['img_path'])).with_suffix('').parts[-2:])
            found[key] = [(NAMES[one['bbox_label']], *one['bbox']) for one in info['instances']]
            assert key.startswith('val') == (part == 'test')
            ids.add(info['img_id'])
    assert found.keys() == LABELS.keys() and len(ids) == 13
    for key, boxes in LABELS.items():
        assert [box[0] for box in found[key]] == [box[0] for box in boxes]
        assert np.allclose([box[1:] for box in found[key]], [box[1:] for box in boxes], atol=1e-3)
    with pytest.raises(FileExistsError, match='contains earlier results'):
        main([form, str(root), *argv])
    before = contents(config)
    main([form, str(root), *argv, '--overwrite', '--copy'])
    shutil.rmtree(root / ('JPEGImages' if form == 'voc' else 'train' if form == 'coco' else
                          'images'))
    for part, content in contents(config).items():
        assert [one['id'] for one in content['images']] == [
            one['id'] for one in before[part]['images']]
        assert all((config.parent / one['file_name']).is_file() for one in content['images'])


def test_kittis_ignored_objects_are_crowds(kitti_root):
    for name in ('000003', '000004', '000005'):
        for folder, suffix in (('image_2', 'png'), ('label_2', 'txt')):
            shutil.copy(kitti_root / f'training/{folder}/000000.{suffix}',
                        kitti_root / f'training/{folder}/{name}.{suffix}')
    lists = kitti_root / 'ImageSets'
    lists.mkdir()
    for part, names in dict(train='000002\n000000', val='000001', test='000003').items():
        (lists / f'{part}.txt').write_text(names)
    config = main(['kitti', str(kitti_root), '--classes', 'car=Car'])
    ours = COCO(str(config.parent / 'train.json'))
    whole, cut, van, region = ours.loadAnns(ours.getAnnIds())
    # by hand from the label file: corners 10 20 50 60; -1.5 30 24.5 66, clipped to 120 x 64
    assert (whole['bbox'], whole['area']) == ([10, 20, 40, 40], 1600)
    assert cut['bbox'] == [0, 30, 24.5, 34]
    assert [cut[key] for key in ('type', 'truncated', 'occluded', 'alpha')] == ['Car', 0.3, 2, 0.5]
    assert [item['iscrowd'] for item in (whole, cut, van, region)] == [0, 0, 1, 1]
    assert [item['type'] for item in (van, region)] == ['Van', 'DontCare']
    theirs = KittiDataset(str(kitti_root), ann_file='ImageSets/train.txt', test_mode=True)
    data = DATASETS.build(Config.fromfile(config).train_dataloader.dataset)
    for own, other in zip(map(data.get_data_info, range(2)), map(theirs.get_data_info, range(2)),
                          strict=True):
        for first, second in zip(own['instances'], other['instances'], strict=True):
            assert first['bbox'] == pytest.approx(second['bbox'])
            assert first['ignore_flag'] == second['ignore_flag']


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def first_label(root: Path) -> Path:
    return next(path for path in sorted(root.rglob('p1.*')) if path.suffix in ('.txt', '.xml'))


@pytest.mark.parametrize('form, fault, told', [
    ('yolo', lambda r: first_label(r).write_text('0 0.5 0.5 0.1 0.1\n2 .5 .5 .1 .1'),
     r'p1.txt:2: found the class 2, expected 0 to 1, the places of car, traffic light. Correct'),
    ('yolo', lambda r: first_label(r).write_text('0 60 32 20 10'),
     r'p1.txt:1: found \[60.0, 32.0, 20.0, 10.0\], expected shares .* width, 120, or height, 64'),
    ('yolo', lambda r: first_label(r).write_text('0 .1 .1 .2 .1 .2 .2 .1 .2'),
     'p1.txt:1: found 9 fields, expected 5: class x y width height, of boxes, not of outlines'),
    ('yolo', lambda r: first_label(r).write_text('0 .5 .5 0 .1'), 'expected the second to the r'),
    ('yolo', lambda r: first_label(r).write_text('0 .99 .5 .2 .1'), 'p1.txt:1: .*expected it in'),
    ('yolo', lambda r: first_label(r).write_text('car .5 .5 .2 .1'), "class = 'car', expected a n"),
    ('yolo', lambda r: (r / 'images/train/p1.png').unlink(),
     'labels/train/p1.txt: found no picture for it .*1 such in all.; add it, or remove'),
    ('yolo', lambda r: (r / 'data.yaml').unlink(), 'data.yaml: found FileNotFoundError'),
    ('yolo', lambda r: spoil(r / 'data.yaml', 'val: images/val', 'val: images/train'),
     'data.yaml: found val: images/train, expected a folder .* that are in no other part'),
    ('yolo', lambda r: (r / 'images/train/p1.png').write_bytes(b'no'), 'p1.png: cannot be decoded'),
    ('yolo', lambda r: (r / 'images/train/p1.png').write_bytes(
        (r / 'images/train/p1.png').read_bytes()[:9000]), 'p1.png: cannot be decoded'),
    ('voc', lambda r: spoil(first_label(r), '>120<', '>240<'),
     'p1.xml: found the size 240 x 64, expected 120 x 64 as its picture has'),
    ('voc', lambda r: spoil(first_label(r), '</object>', '</object>\n<object><name>car</name>'
                            '<bndbox><xmin>.1</xmin><ymin>.1</ymin><xmax>.4</xmax><ymax>.5</ymax>'
                            '</bndbox></object>'), r'p1.xml:4: found the box .*this is a share'),
    ('voc', lambda r: spoil(first_label(r), '<xmin>', '<xmin>a'), "p1.xml:2: found xmin = 'a11"),
    ('voc', lambda r: spoil(first_label(r), '</size>', ''), 'p1.xml:.: is no XML .*export it'),
    ('kitti', lambda r: first_label(r).write_text(f'car 0 0 0 .1 .1 .4 .5 {TAIL}'),
     'p1.txt:1: found the box .*this is a share'),
    ('coco', lambda r: spoil(r / 'instances_val.json', '"category_id": 2', '"category_id": 7'),
     'instances_val.json: found ValueError annotation val/p1 0 with the unknown category_id 7'),
    ('coco', lambda r: spoil(r / 'instances_val.json', 'val/p1 0', 'val/p0 0'),
     "a repeated id in annotations, 'val/p0 0'"),
    ('coco', lambda r: spoil(r / 'instances_val.json', '[11.25, 5.5, 50.5, 34.625]',
                             '[0.1, 0.1, 0.5, 0.5]'), 'annotation val/p1 0: .*this is a share'),
    ('coco', lambda r: (r / 'val/p1.png').unlink(), 'val/p1.png: cannot be decoded .*correct it'),
    ('coco', lambda r: (r / 'notes.json').write_text('{}'), 'notes.json: found .*instances_train'),
])
def test_a_fault_is_one_sentence(form, fault, told, tmp_path):
    root = FORMS[form](tmp_path / 'mine')
    fault(root)
    with pytest.raises((OSError, ValueError), match=told):
        main([form, str(root)])
    assert not (root / 'coco').exists()


def test_doubts_and_wrong_arguments(tmp_path, capsys):
    root = yolo(tmp_path)
    (root / 'labels/val/p1.txt').unlink()
    with pytest.raises(ValueError, match="found 'cra', which labels nothing.*; near: car"):
        main(['yolo', str(root), '--classes', 'cra'])
    main(['yolo', str(root), '--classes', 'van=car'])
    told = ' '.join(capsys.readouterr().out.split())
    assert 'images/val/p1.png has no label file and counts as background (1 such in all)' in told
    with pytest.raises(ValueError, match='pictures to train on, .* of them for val; add pictures'):
        main(['yolo', str(root), '--overwrite', '--shares', '1', '0'])
    with pytest.raises(ValueError, match="--classes: 'a' and 'a' are two spellings"):
        main(['yolo', str(root), '--overwrite', '--classes', 'a=car', 'a=car'])
    with pytest.raises(FileNotFoundError, match='no label file'):
        main(['voc', str(root), '--overwrite'])


def test_a_class_name_is_never_code(tmp_path):
    root = yolo(tmp_path)
    name = "{{$HOME:'+str(1/0)+'}}"
    spoil(root / 'data.yaml', '0: car', json.dumps({0: name})[1:-1].replace('"0"', '0'))
    assert Config.fromfile(main(['yolo', str(root)])).train_dataloader.dataset.metainfo.classes[
        0] == name


@pytest.mark.slow
def test_a_detector_learns_the_same_from_each_form(tmp_path):
    """24 drawn roads; the same cars as KITTI's labels, YOLO's shares and VOC's corners.

    After so few steps AP is 0 for all of them, so the losses are compared.
    """
    from tests.plugins.apis.cases import draw_roads
    from tools.train import main as train
    source = draw_roads(tmp_path / 'drawn', 24) / 'training'
    losses = {}
    for form in ('kitti', 'yolo', 'voc'):
        root = tmp_path / form
        for path in source.glob('image_2/*'):
            (root / 'images').mkdir(parents=True, exist_ok=True)
            shutil.copy(path, root / 'images' / path.name)
            label = root / 'labels' / f'{path.stem}.{"xml" if form == "voc" else "txt"}'
            label.parent.mkdir(exist_ok=True)
            width, height = Image.open(path).size
            lines = (source / f'label_2/{path.stem}.txt').read_text().splitlines()
            cars = [line for line in lines if line.startswith('Car ')]
            boxes = [[float(field) for field in line.split()[4:8]] for line in cars]
            label.write_text('\n'.join(cars) if form == 'kitti' else '\n'.join(
                f'0 {(a + c) / 2 / width} {(b + d) / 2 / height} {(c - a) / width} '
                f'{(d - b) / height}' for a, b, c, d in boxes) if form == 'yolo' else
                '<annotation>' + ''.join(
                    f'<object><name>Car</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin>'
                    f'<xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>' for a, b, c, d in boxes)
                + '</annotation>')
        (root / 'classes.txt').write_text('Car')
        config = main([form, str(root)])
        run = train([str(config), '--work-dir', str(tmp_path / f'run_{form}'), '--cfg-options',
                     'train_cfg.max_epochs=2', 'train_dataloader.num_workers=0',
                     'train_dataloader.persistent_workers=False', 'val_dataloader.num_workers=0',
                     'val_dataloader.persistent_workers=False'])
        losses[form] = [epoch['train']['loss'] for epoch in run['history']]
    assert losses['yolo'] == pytest.approx(losses['kitti'], rel=1e-5)
    assert losses['voc'] == pytest.approx(losses['kitti'], rel=1e-5)
