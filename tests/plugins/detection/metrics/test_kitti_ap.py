"""The benchmark's rules one by one, by hand; then crowded scenes against the official program."""
import random

import numpy as np
import pytest

from plugins.detection.metrics.image_result import image_result
from plugins.detection.metrics.kitti_ap import DIFFICULTIES, KittiAP, ceiling, kitti_ap
from plugins.detection.metrics.kitti_metric import kitti_image
from tests.plugins.detection.metrics.samples import instance, result_of, street

CAR = [0., 0, 100, 50]
ELSEWHERE = [500., 0, 600, 50]


def ap(*samples: dict, level: str = 'moderate', iou: float = 0.7, sampling: str = 'exact',
       kind: str = 'Car') -> KittiAP:
    images = [kitti_image(image_result(sample, 'test'), 0, kind) for sample in samples]
    return kitti_ap(images, DIFFICULTIES[level], iou, sampling)


def with_extra(extra: list, *others: dict, labels: list[int] = (), **arguments) -> KittiAP:
    """AP of one car, detected, and of something detected with more confidence before it.

    100 if that counts as nothing; 50 if it is one false alarm (precision 1/2 at the only hit).
    """
    return ap(result_of([instance(CAR), *others], [*extra, CAR],
                        labels=[*(labels or [0] * len(extra)), 0]), **arguments)


@pytest.mark.parametrize('extra, others, expected', [
    ([ELSEWHERE], [], 50),
    ([ELSEWHERE], [instance(ELSEWHERE, 'Van')], 100),
    ([ELSEWHERE, ELSEWHERE], [instance(ELSEWHERE, 'Van')], 50),  # it excuses one detection
    ([ELSEWHERE], [instance(ELSEWHERE, 'Truck')], 50),  # no neighbour of cars
    ([[500, 0, 600, 40]], [instance([400, 0, 600, 40], 'Van')], 50),  # IoU 0.5: not on it
    ([ELSEWHERE, ELSEWHERE], [instance([450, 0, 650, 90], 'DontCare')], 100),  # any number
    ([ELSEWHERE], [instance([528, 0, 650, 50], 'DontCare')], 100),  # 0.72 of it inside
    ([ELSEWHERE], [instance([530, 0, 650, 50], 'DontCare')], 50),  # exactly 0.7
    ([[450, 0, 650, 90]], [instance(ELSEWHERE, 'DontCare')], 50),  # the share is its own
    ([[500, 0, 600, 24.9]], [], 100),  # lower than 25 pixels
    ([[500, 0, 600, 25]], [], 50),
    ([[500, 0, 600, 26]], [instance([500, 0, 600, 24])], 100),  # on a car too small to be found
    ([[500, 0, 600, 26]], [instance([500, 0, 600, 25])], 100),  # exactly 25 pixels: too small
    ([ELSEWHERE], [instance(ELSEWHERE, occluded=2)], 100),
    ([ELSEWHERE], [instance(ELSEWHERE, truncated=0.31)], 100),
    ([ELSEWHERE, ELSEWHERE], [instance(ELSEWHERE, occluded=2)], 50),  # it too excuses one
], ids=str)
def test_what_counts_as_nothing(extra, others, expected):
    assert with_extra(extra, *others) == (expected, expected, 1)


def test_the_second_detection_of_a_car_comes_too_late():
    """Precision 1 up to recall 1/2, then 2/3: the other car is found after two on the first."""
    for second in ([1, 0, 101, 50], CAR):
        sample = result_of([instance(CAR), instance(ELSEWHERE)], [CAR, second, ELSEWHERE])
        assert ap(sample).r40 == pytest.approx((20 * 100 + 20 * 200 / 3) / 40)


def test_a_low_detection_of_a_car_takes_it_out_of_the_count():
    """26 pixels high; its detections have 24, which is ignored, and 25.5."""
    low, high = [0., 1, 100, 25], [0., 0, 100, 25.5]
    assert ap(result_of([instance([0, 0, 100, 26])], [low])) == (0, 0, 1)
    # the first pass asks for the score alone: the low one takes the car, and no score remains
    assert ap(result_of([instance([0, 0, 100, 26])], [low, high])) == (0, 0, 1)
    assert ap(result_of([instance([0, 0, 100, 26])], [high, low])) == (100, 100, 1)


def test_detections_of_other_classes_are_none_but_low_ones_of_any_class_are_ignored():
    assert with_extra([ELSEWHERE], labels=[1]) == (100, 100, 1)
    assert ap(result_of([instance(CAR)], [CAR], labels=[1])) == (0, 0, 1)


def test_the_overlap_must_be_more_than_the_limit():
    for width, found in ((70, 0), (70.1, 100)):  # IoU 0.7
        assert ap(result_of([instance(CAR)], [[0, 0, width, 50]])).r40 == found
    for width, found in ((50, 0), (50.1, 100)):
        assert ap(result_of([instance(CAR)], [[0, 0, width, 50]]), iou=0.5).r40 == found


@pytest.mark.parametrize('car, levels', [
    (instance([0, 0, 60, 41]), ['easy', 'moderate', 'hard']),
    (instance([0, 0, 60, 40]), ['moderate', 'hard']),  # height in pixels, over 40 or 25
    (instance([0, 0, 60, 25.1]), ['moderate', 'hard']),
    (instance([0, 0, 60, 25]), []),
    (instance(CAR, occluded=1), ['moderate', 'hard']),
    (instance(CAR, occluded=2), ['hard']),
    (instance(CAR, occluded=3), []),
    (instance(CAR, truncated=0.15), ['easy', 'moderate', 'hard']),
    (instance(CAR, truncated=0.16), ['moderate', 'hard']),
    (instance(CAR, truncated=0.30), ['moderate', 'hard']),
    (instance(CAR, truncated=0.31), ['hard']),
    (instance(CAR, truncated=0.50), ['hard']),
    (instance(CAR, truncated=0.51), []),
    (instance(CAR, 'Van'), []),
], ids=str)
def test_difficulties(car, levels):
    found = {level: ap(result_of([car], [car['bbox']]), level=level) for level in DIFFICULTIES}
    assert [level for level in found if found[level].objects] == levels
    assert {found[level] for level in levels} <= {(100, 100, 1)}
    assert {found[level] for level in found.keys() - levels} <= {(-1, -1, 0)}


def test_persons_who_sit_are_the_neighbours_of_pedestrians():
    sitting = instance(ELSEWHERE, 'Person_sitting')
    sample = result_of([instance(CAR, 'Pedestrian'), sitting], [ELSEWHERE, CAR])
    assert ap(sample, kind='Pedestrian') == (100, 100, 1)
    assert ap(sample, kind='Cyclist').objects == ap(sample).objects == 0


def test_recall_points_by_hand():
    """Of two cars, one is found: precision 1 at recall 0, 1/40, ... 20/40."""
    half = result_of([instance(CAR), instance(ELSEWHERE)], [CAR])
    assert ap(half) == (pytest.approx(100 * 6 / 11), pytest.approx(50), 2)
    # both, the second after an alarm: precision 1 up to recall 1/2, then 2/3
    both = result_of([instance(CAR), instance(ELSEWHERE)], [CAR, [700, 0, 800, 50], ELSEWHERE])
    assert ap(both) == (pytest.approx(100 * (6 + 5 * 2 / 3) / 11),
                        pytest.approx(100 * (20 + 20 * 2 / 3) / 40), 2)


@pytest.mark.parametrize('cars, r11, r40', [
    (1, 1 / 11, 0), (14, 4 / 11, 13 / 40), (41, 1, 1), (60, 1, 1), (200, 1, 1)])
def test_perfect_detections(cars, r11, r40):
    """The program wants 41 thresholds: 0, 4, ... 40 are averaged for R11, 1 to 40 for R40."""
    samples = [result_of([instance(CAR)], [CAR], [score]) for score in np.linspace(1, .1, cars)]
    official = ap(*samples, sampling='devkit')
    assert official == (pytest.approx(100 * r11), pytest.approx(100 * r40), cars)
    assert ceiling(cars) == official[:2]
    assert ap(*samples) == (100, 100, cars)


def test_nothing():
    car = result_of([instance(CAR)])
    assert ap(car) == ap(car, sampling='devkit') == (0, 0, 1)
    assert ap(result_of([], [CAR])) == (-1, -1, 0)
    assert ap(result_of(), result_of()) == (-1, -1, 0)


def test_an_alarm_counts_the_same_where_no_car_is():
    assert ap(result_of([instance(CAR)], [CAR], [.5]), result_of([], [ELSEWHERE])) == (50, 50, 1)


# evaluate_object.cpp's own functions, compiled, on these scenes written as KITTI's files:
# R11, R40, objects of easy, moderate, hard
OFFICIAL = {0.7: [(10.6276386153, 10.4194518398, 18), (23.0787292974, 17.1334699285, 77),
                  (28.7211683583, 22.7294717248, 124)],
            0.5: [(11.7078410311, 11.3592562595, 18), (25.2728403988, 19.0678403979, 77),
                  (30.2560829318, 24.610043457, 124)]}


@pytest.fixture(scope='module')
def streets() -> list[dict]:
    draw = random.Random(0)
    return [street(number, draw) for number in range(60)]


@pytest.mark.parametrize('iou', OFFICIAL)
def test_the_official_programs_figures(streets, iou):
    for level, expected in zip(DIFFICULTIES, OFFICIAL[iou], strict=True):
        assert ap(*streets, level=level, iou=iou, sampling='devkit') == pytest.approx(expected)
