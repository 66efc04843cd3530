"""COCO's AP on hand-made images; the figures follow from its definition."""
import json

import numpy as np
import pytest
from mmdet import evaluation

from plugins.detection import CocoBoxMetric, CocoMetric
from tests.plugins.detection.metrics.samples import evaluate, instance, result_of

CAR, CAR_2, VAN, NOTHING = [0., 0, 20, 20], [40., 0, 60, 20], [50., 50, 80, 90], [200., 10, 250, 60]


def image(number: int, cars=(), ignored=(), found=(), scores=()) -> dict:
    return result_of([*map(instance, cars), *(instance(box, 'Van') for box in ignored)], found,
                     scores, number=number)


def ap50(*images: dict) -> float:
    return evaluate(CocoBoxMetric(), *images)['coco/bbox_mAP_50']


@pytest.mark.parametrize('images, expected', [
    ([image(0, [CAR, CAR_2], found=[CAR, CAR_2], scores=[.9, .8])], 1.0),
    ([image(0, [CAR], [VAN], [VAN, CAR], [.95, .9])], 1.0),  # a detection on an ignored box
    ([image(0, [CAR], [VAN], [VAN, [52., 52, 70, 80], CAR], [.95, .93, .9])], 1.0),  # two on it
    ([image(0, [CAR], [VAN], [NOTHING, CAR], [.95, .9])], 0.5),  # precision 1/2 at recall 1
    ([image(0, [CAR], found=[CAR, CAR], scores=[.9, .95])], 1.0),  # the second one comes too late
    ([image(0, [CAR, CAR_2], found=[CAR], scores=[.9])], 51 / 101),  # recall 0, .01, ... .50
    ([image(0), image(1, [CAR], found=[CAR], scores=[.9])], 1.0),  # an image without cars
    ([image(0, found=[NOTHING], scores=[.95]), image(1, [CAR], found=[CAR], scores=[.9])], 0.5),
], ids=['perfect', 'ignored', 'ignored twice', 'false alarm', 'double', 'missed', 'no cars',
        'false alarm where no cars are'])
def test_ap50(images, expected):
    assert ap50(*images) == pytest.approx(expected, abs=5e-4)  # upstream rounds to 3 digits


@pytest.mark.parametrize('metric', [CocoBoxMetric, CocoMetric])
def test_no_detection_at_all_is_zero_not_missing(metric):
    metrics = evaluate(metric(), image(0, [CAR]), image(1))
    assert metrics['coco/bbox_mAP_50'] == metrics['coco/bbox_mAP'] == 0
    assert metrics['coco/bbox_mAP_l'] == -1  # there is no large car to find


def test_the_classes_of_the_annotation_file(tmp_path):
    path = tmp_path / 'labels.json'
    path.write_text(json.dumps(dict(
        images=[dict(id=n, file_name=f'{n:06d}.png', width=90, height=90) for n in range(3)],
        categories=[dict(id=n, name=name) for n, name in enumerate(('car', 'van'))],
        annotations=[dict(id=n + 1, image_id=n, category_id=0, bbox=CAR, area=400, iscrowd=0)
                     for n in range(3)])))
    tested = [image(n, found=[CAR], scores=[.9]) for n in range(2)]
    # of image 2, which is not tested, no car is missed
    assert evaluate(CocoMetric(str(path)), *tested)['coco/bbox_mAP_50'] == 1
    for classes in (('van', 'car'), ('auto',)):
        with pytest.raises(ValueError, match="ann_file: found the categories 'car', 'van', exp"):
            evaluate(CocoMetric(str(path)), *tested, classes=classes)


def test_the_images_of_the_annotation_file(tmp_path):
    """Files of train, val and test often count their images from 0 each."""
    path = tmp_path / 'labels.json'
    path.write_text(json.dumps(dict(images=[dict(id=0, file_name='a.png')], annotations=[],
                                    categories=[dict(id=0, name='car')])))
    with pytest.raises(ValueError, match=r'found a.png as image 0, expected image_2/000000.png'):
        evaluate(CocoMetric(str(path)), image(0))
    with pytest.raises(ValueError, match='found nothing as image 1, expected .*the ann_file of'):
        evaluate(CocoMetric(str(path)), image(1))


@pytest.mark.parametrize('metric', [CocoBoxMetric(), CocoMetric()])
def test_each_validation_has_its_own_truth(metric):
    assert evaluate(metric, image(0, [CAR], found=[CAR], scores=[.9]))['coco/bbox_mAP_50'] == 1
    second = [image(0, [CAR_2], found=[CAR_2], scores=[.9]),
              image(1, [CAR], found=[NOTHING], scores=[.8])]
    assert evaluate(metric, *second)['coco/bbox_mAP_50'] == pytest.approx(51 / 101, abs=5e-4)


@pytest.mark.parametrize('metric', [CocoBoxMetric, CocoMetric])
def test_a_pipeline_that_leaves_out_the_truth(metric):
    sample = image(0, [CAR])
    del sample['instances']
    with pytest.raises(ValueError, match="CocoB?o?x?Metric: .* no 'instances', .* meta_keys"):
        evaluate(metric(), sample)


def test_nothing_to_find():
    assert ap50(image(0), image(1)) == -1
    assert ap50(image(0, ignored=[VAN], found=[CAR], scores=[.5])) == -1


def test_every_figure_is_pycocotools():
    rng = np.random.default_rng(0)

    def boxes(number: int) -> list[list[float]]:
        corner = rng.uniform(0, (200, 60), (number, 2))
        return np.concatenate([corner, corner + rng.uniform(4, (90, 40), (number, 2))], 1).tolist()
    images = []
    for number in range(40):
        cars, ignored = boxes(rng.integers(0, 6)), boxes(rng.integers(0, 3))
        near = [(np.array(box) + rng.normal(0, 3, 4)).tolist() for box in cars + ignored]
        found = near + boxes(rng.integers(0, 5))
        images.append(image(number, cars, ignored, found, rng.uniform(0, 1, len(found)).tolist()))
    figures = evaluate(CocoBoxMetric(), *images)
    assert figures == evaluate(evaluation.CocoMetric(metric='bbox'), *images)
    assert 0.1 < figures['coco/bbox_mAP_50'] < 0.9
