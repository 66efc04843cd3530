"""KittiMetric: the official figures, its keys, what it asks of the data set and says of small ones.

kitti_official_cases.json has the figures of KITTI's own program, and the format of that file.
"""
import json
import logging
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugins.detection import DetectionMetric, KittiDataset, KittiMetric
from tests.plugins.detection.metrics.samples import evaluate, instance, result_of

CAR, OTHER, FAR = [0., 0, 60, 50], [100., 0, 160, 50], [300., 0, 360, 50]


OFFICIAL = json.loads(Path(__file__).with_name('kitti_official_cases.json').read_text())['cases']
LEVELS = ('easy', 'moderate', 'hard')


def rows(text: str) -> list[list[str]]:
    return [row.split() for row in text.split(';') if row]


def as_files(case: dict, root: Path) -> KittiDataset:
    """The case in KITTI's own layout, read as every run reads it."""
    folders = [root / 'training' / name for name in ('image_2', 'label_2')]
    for folder in folders:
        folder.mkdir(parents=True)
    Image.new('L', (1242, 375)).save(folders[0] / '0000.png')
    for number, (labels, _) in enumerate(case['images']):
        if number:
            (folders[0] / f'{number:04}.png').symlink_to('0000.png')
        (folders[1] / f'{number:04}.txt').write_text('\n'.join(
            f'{kind} {truncated} {occluded} 0 {" ".join(box)} 1 1 1 0 0 9 0'
            for kind, truncated, occluded, *box in rows(labels)))
    return KittiDataset(str(root), test_mode=True, serialize_data=False, class_map={
        name: [name.capitalize()] for name in case['official']})


def figures_of(case: dict, root: Path, *metrics) -> dict[str, float]:
    dataset, found = as_files(case, root), {}
    classes = dataset.metainfo['classes']
    samples = []
    for number, (_, text) in enumerate(case['images']):
        detections = [row for row in rows(text) if row[0].lower() in classes]
        numbers = np.array([row[1:] for row in detections], np.float32).reshape(-1, 5).astype(float)
        samples.append(result_of(dataset.get_data_info(number)['instances'], numbers[:, :4],
                                 numbers[:, 4].tolist(), [
            classes.index(row[0].lower()) for row in detections], number))
    for metric in metrics:
        found |= evaluate(metric, *samples, classes=classes)
    return found


@pytest.mark.parametrize('case', OFFICIAL, ids=lambda case: case['name'])
def test_the_official_programs_figures(case, tmp_path):
    found = figures_of(case, tmp_path, KittiMetric(iou_thrs=(0.7, 0.5)))
    for name, figures in case['official'].items():
        for iou, expected in figures.items():
            ours = [found[f'kitti/{name}/AP{iou}_{points}_{level}']
                    for level in LEVELS for points in ('R11', 'R40')]
            # the program gives 0 where there is nothing to find, and four digits
            assert np.maximum(ours, 0) == pytest.approx(expected, abs=6e-5)


def test_all_metrics_count_a_doubled_line_twice(tmp_path):
    """As the official program: of the two lines in each image, one is found."""
    case, = [case for case in OFFICIAL if case['name'] == 'car_line_twice']
    found = figures_of(case, tmp_path, KittiMetric(), DetectionMetric())
    images = len(case['images'])
    assert found['kitti/car/objects_easy'] == 2 * images
    assert [found[f'car/{key}'] for key in ('tp', 'fn', 'fp')] == [images, images, 0]


def test_keys_and_perfect_detections():
    samples = [result_of([instance(CAR)], [CAR], number=n) for n in range(41)]
    metrics = evaluate(KittiMetric(), *samples)
    assert metrics == {
        **{f'kitti/car/AP{iou}_{points}_{level}': 100 for iou, points, level in product(
            (70, 50), ('R11', 'R40'), ('easy', 'moderate', 'hard'))},
        **{f'kitti/car/objects_{level}': 41 for level in ('easy', 'moderate', 'hard')}}


@pytest.mark.parametrize('sampling, figure, warned', [('devkit', 0, True), ('exact', 100, False)])
def test_few_objects(sampling, figure, warned, monkeypatch):
    """The official program gives one car, perfectly detected, 9.1 by R11 and 0 by R40."""
    said = []
    monkeypatch.setattr('plugins.detection.metrics.kitti_metric.print_log',
                        lambda text, logger, level: said.append((text, level)))
    metrics = evaluate(KittiMetric(sampling=sampling), result_of([instance(CAR)], [CAR]))
    assert metrics['kitti/car/AP70_R40_easy'] == figure
    assert len(said) == 3 * warned
    if warned:
        assert said[0][1] == logging.WARNING
        assert 'car, easy: 1 objects' in said[0][0] and 'R11 9.1, R40 0.0' in said[0][0]


def test_the_type_says_what_an_object_is_not_the_class_that_trains_on_it():
    """As where class_map is dict(car=['Car', 'Van']): the Van has no ignore_flag."""
    van = dict(instance(OTHER, 'Van'), ignore_flag=0)
    metrics = evaluate(KittiMetric(sampling='exact'),
                       result_of([instance(CAR), van], [OTHER, CAR]))
    assert metrics['kitti/car/AP70_R40_hard'] == 100 and metrics['kitti/car/objects_hard'] == 1
    # a Van with a class of its own is a neighbour all the same
    metrics = evaluate(KittiMetric(sampling='exact'), result_of(
        [instance(CAR, label=1), van], [OTHER, CAR], labels=[1, 1]), classes=('van', 'Car'))
    assert metrics['kitti/Car/AP70_R40_hard'] == 100
    assert not [key for key in metrics if 'van' in key]


def test_an_object_that_two_classes_ignore_is_one():
    """Else the Van would excuse two detections."""
    vans = [instance(OTHER, 'Van', label=label) for label in (0, 1)]
    sample = result_of([instance(CAR), *vans], [OTHER, OTHER, CAR])
    metrics = evaluate(KittiMetric(sampling='exact'), sample, classes=('car', 'truck'))
    assert metrics['kitti/car/AP70_R40_easy'] == 50


def test_each_class_has_its_figures():
    sample = result_of(
        [instance(CAR), instance(OTHER, 'Pedestrian', label=1),
         instance(FAR, 'Person_sitting', label=1)], [CAR, FAR, OTHER], labels=[0, 1, 1])
    metrics = evaluate(KittiMetric(sampling='exact'), sample,
                       classes=('car', 'pedestrian', 'cyclist'))
    assert [metrics[f'kitti/{name}/AP50_R40_easy'] for name in (
        'car', 'pedestrian', 'cyclist')] == [100, 100, -1]
    assert {key.split('/')[1] for key in metrics if 'AP70' in key} == {'car'}  # 0.7 is for cars


def test_arguments_that_make_no_sense():
    for wrong in (dict(iou_thrs=[70]), dict(sampling='coco')):
        with pytest.raises(ValueError, match="expected shares from 0 to below 1, and 'devkit' or"):
            KittiMetric(**wrong)


@pytest.mark.parametrize('arguments, found', [
    (dict(class_map=dict(vehicle=['Car', 'Truck'])), r"has the classes \['vehicle'\]"),
    (dict(ignore_types={}), r"has objects of the types \['Car'\], but not of DontCare, Van"),
    (dict(ignore_types=dict(car=['DontCare'])), r"types \['Car', 'DontCare'\], but not of Van"),
    (dict(class_map=dict(pedestrian=['Pedestrian']), ignore_types={}), 'Person_sitting'),
])
def test_data_sets_that_cannot_be_evaluated(kitti_root, arguments, found):
    metric = KittiMetric()
    metric.dataset_meta = KittiDataset(str(kitti_root), test_mode=True, **arguments).metainfo
    with pytest.raises(ValueError, match=found):
        metric.process({}, [result_of()])


def test_objects_without_kittis_facts():
    metric = KittiMetric()
    metric.dataset_meta = dict(classes=('car',))  # as of any other data set
    with pytest.raises(ValueError, match=r'types \[\], but not of Car, DontCare, Van.*Use Kit'):
        metric.process({}, [result_of()])
