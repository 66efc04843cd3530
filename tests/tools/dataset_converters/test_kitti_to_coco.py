"""The converted labels, as mmdet's CocoDataset and pycocotools read them."""
import json

import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from plugins.detection import KittiDataset
from tools.dataset_converters.kitti_to_coco import main

PAIR = dict(car=['Car'], person=['Pedestrian'])


def infos(dataset) -> list[dict]:
    return [dataset.get_data_info(index) for index in range(len(dataset))]


def coco_dataset(root, name: str, classes: tuple[str, ...]) -> CocoDataset:
    return CocoDataset(data_root=str(root), ann_file=f'annotations/{name}.json', test_mode=True,
                       data_prefix=dict(img='training/image_2'), metainfo=dict(classes=classes))


@pytest.mark.parametrize('argv, class_map', [
    ([], dict(car=['Car'])), (['--classes', 'car=Car', 'person=Pedestrian'], PAIR),
    (['--classes', 'person=Pedestrian', 'car=Car,Van'],
     dict(person=['Pedestrian'], car=['Car', 'Van']))])
def test_mmdet_reads_the_same_boxes_from_either_form(kitti_root, argv, class_map):
    assert main([str(kitti_root), *argv]) == {'all': kitti_root / 'annotations' / 'all.json'}
    ours = infos(KittiDataset(str(kitti_root), class_map=class_map))
    theirs = infos(coco_dataset(kitti_root, 'all', tuple(class_map)))
    assert sum(len(info['instances']) for info in ours) >= 4
    for own, coco in zip(ours, theirs, strict=True):
        for key in ('img_id', 'img_path', 'height', 'width'):
            assert own[key] == coco[key]
        for first, second in zip(own['instances'], coco['instances'], strict=True):
            assert first['bbox'] == pytest.approx(second['bbox'], abs=1e-9)
            for key in ('bbox_label', 'ignore_flag'):
                assert first[key] == second[key]


def test_pycocotools_finds_boxes_and_kittis_facts(kitti_root):
    coco = COCO(str(main([str(kitti_root)])['all']))
    whole, cut, van, region = coco.loadAnns(coco.getAnnIds(imgIds=[0]))
    # by hand from the label file: corners 10 20 50 60; -1.5 30 24.5 66, clipped to 120 x 64
    assert (whole['bbox'], whole['area']) == ([10, 20, 40, 40], 1600)
    assert cut['bbox'] == [0, 30, 24.5, 34]
    assert [cut[key] for key in ('type', 'truncated', 'occluded', 'alpha')] == ['Car', 0.3, 2, 0.5]
    assert [item['iscrowd'] for item in (whole, cut, van, region)] == [0, 0, 1, 1]
    assert [item['type'] for item in (van, region)] == ['Van', 'DontCare']
    assert region['occluded'] == region['truncated'] == -1
    assert coco.getAnnIds(imgIds=[1, 2]) == [] and sorted(coco.imgs) == [0, 1, 2]


def test_pycocotools_neither_rewards_nor_punishes_a_detection_of_a_van(kitti_root):
    coco = COCO(str(main([str(kitti_root)])['all']))
    cars, van = coco.loadAnns([1, 2]), coco.loadAnns([3])[0]

    def precision(*extra: list[float]) -> float:
        boxes = [*(car['bbox'] for car in cars), *extra]
        found = coco.loadRes([dict(image_id=0, category_id=1, bbox=box, score=0.5 + 0.1 * place)
                              for place, box in enumerate(boxes)])
        evaluation = COCOeval(coco, found, 'bbox')
        evaluation.evaluate()
        evaluation.accumulate()
        precisions = evaluation.eval['precision'][0, :, 0, 0, 2]  # at IoU 0.5
        return float(np.mean(precisions))

    assert precision() == pytest.approx(1)
    assert precision(van['bbox']) == pytest.approx(1)
    assert precision([60, 45, 15, 15]) < 0.9  # two thirds of it on nothing, and most confident


def test_parts_hold_the_images_of_kitti_dataset(kitti_root):
    (kitti_root / 'ImageSets').mkdir()
    for part, text in dict(train='000002\n000000\n', test='000001\n').items():
        (kitti_root / 'ImageSets' / f'{part}.txt').write_text(text)
    paths = main([str(kitti_root), '--lists', 'ImageSets/train.txt', 'ImageSets/test.txt'])
    assert list(paths) == ['train', 'test']
    seen = []
    for part, path in paths.items():
        dataset = KittiDataset(str(kitti_root), test_mode=True, ann_file=f'ImageSets/{part}.txt')
        expected = [info['img_id'] for info in infos(dataset)]
        assert [image['img_id'] for image in infos(coco_dataset(kitti_root, part, ('car',)))] \
            == expected
        assert json.loads(path.read_text())['info']['fingerprint'] == dataset.fingerprint
        seen += expected
    assert sorted(seen) == [0, 1, 2]


@pytest.mark.parametrize('argv, found', [
    (['--lists', 'a/b.txt', 'c/b.txt'], '--lists: found b, b, expected each name once'),
    (['--classes', 'a=Car', 'a=Van'], '--classes: found a, a, expected each name once'),
    (['--classes', 'car'], "'car' is not NAME=TYPE"),
])
def test_wrong_arguments(kitti_root, argv, found, capsys):
    with pytest.raises(SystemExit):
        main([str(kitti_root), *argv])
    assert found in capsys.readouterr().err
