"""DetectionMetric on images made by hand, by chance, and on KITTI's format through the pipeline."""
import random

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator

from plugins.detection import DetectionMetric, KittiDataset
from plugins.engine.files import REPO_ROOT
from tests.plugins.detection.metrics.samples import evaluate, instance, result_of, street

CAR, CAR_2, VAN = [0., 0, 40, 40], [100., 0, 140, 40], [200., 0, 260, 60]
NOTHING, REGION = [400., 0, 440, 40], [300., 0, 390, 90]
KEYS = ['AP50', 'AP50_11', 'iou_thr', 'score_thr', 'precision', 'recall', 'f1', 'tp', 'fp', 'fn',
        'best_f1', 'best_f1_score_thr']
SHARES = ['AP50', 'AP50_11', 'precision', 'recall', 'f1', 'best_f1']


def car(*samples: dict, **arguments) -> dict[str, float]:
    metrics = evaluate(DetectionMetric(**arguments), *samples)
    return {key.removeprefix('car/'): value for key, value in metrics.items() if '/' in key}


def test_perfect_detections_have_one_in_every_share():
    found = car(result_of([instance(CAR), instance(CAR_2)], [CAR, CAR_2]),
                result_of([instance(VAN, 'Van')], number=1))
    assert list(found) == KEYS
    assert [found[key] for key in SHARES] == [1] * 6
    assert (found['iou_thr'], found['score_thr'], found['tp'], found['fp'], found['fn']) == (
        .5, .5, 2, 0, 0)


def test_no_detections_and_no_cars():
    found = car(result_of([instance(CAR)]), result_of(number=1))
    assert [found[key] for key in SHARES] == [0] * 6 and found['fn'] == 1
    found = car(result_of([instance(VAN, 'Van')], [NOTHING]), result_of(number=1))
    assert [found[key] for key in SHARES] == [-1] * 6 and found['fp'] == 1


@pytest.mark.parametrize('instances, extra, alarms', [
    ([], [NOTHING], 1),
    ([instance(VAN, 'Van')], [VAN], 0),
    ([instance(VAN, 'Van')], [VAN, VAN], 1),  # a neighbour excuses one, as KITTI has it
    ([instance(REGION, 'DontCare')], [[300, 0, 340, 40], [350, 50, 390, 90]], 0),
    ([instance(REGION, 'DontCare')], [[280, 0, 320, 40]], 0),  # half of it lies inside
    ([instance(REGION, 'DontCare')], [[279, 0, 319, 40]], 1),
    ([instance(CAR_2) | dict(ignore_flag=1)], [CAR_2], 0),  # whatever the type
    ([dict(bbox=REGION, bbox_label=0, ignore_flag=1)], [[300, 0, 340, 40]], 0),  # no type: COCO's
    ([instance(VAN, 'Van') | dict(ignore_flag=0)], [VAN], 0),  # Vans that count as cars
    ([], [CAR], 1),  # the car has been found already
], ids=str)
def test_what_counts_as_nothing(instances, extra, alarms):
    found = car(result_of([instance(CAR), *instances], [CAR, *extra], [.8] + [.9] * len(extra)))
    objects = 2 if instances and not instances[0]['ignore_flag'] else 1
    assert (found['tp'], found['fp'], found['fn']) == (objects, alarms, 0)
    assert found['AP50'] == pytest.approx(1 if not alarms or extra == [CAR] and not instances
                                          else objects / (objects + alarms))


def test_an_alarm_counts_the_same_where_no_car_is():
    beside = car(result_of([instance(CAR)], [NOTHING, CAR]), result_of(number=1))
    alone = car(result_of([instance(CAR)], [CAR], [.8]), result_of([], [NOTHING], number=1))
    assert beside['AP50'] == alone['AP50'] == .5 and beside['fp'] == alone['fp'] == 1


def test_thresholds():
    sample = result_of([instance(CAR)], [[0, 0, 40, 28]], [.4])  # IoU 0.7
    assert car(sample)['recall'] == 0 and car(sample)['AP50'] == 1
    assert car(sample, score_thr=.4 - 1e-6)['recall'] == 1
    strict = car(sample, iou_thr=.75)
    assert (strict['AP75'], strict['iou_thr'], strict['best_f1']) == (0, .75, 0)
    for wrong in (dict(iou_thr=0), dict(iou_thr=50), dict(score_thr=-.1)):
        with pytest.raises(ValueError, match='expected shares from 0 to 1'):
            DetectionMetric(**wrong)


def test_classes_are_kept_apart():
    sample = result_of([instance(CAR), instance(CAR_2, label=1)], [CAR, CAR_2, NOTHING],
                    labels=[0, 0, 1])
    metrics = evaluate(DetectionMetric(), sample, classes=('car', 'van'))
    assert [metrics[f'car/{key}'] for key in ('tp', 'fp', 'fn')] == [1, 1, 0]
    assert [metrics[f'van/{key}'] for key in ('tp', 'fp', 'fn')] == [0, 1, 1]
    assert set(metrics['pr_curves']) == {'car', 'van'}


@pytest.fixture(scope='module')
def streets() -> list[dict]:
    draw = random.Random(0)
    return [street(number, draw) for number in range(40)]


def test_numbers_agree_with_each_other_and_orders_do_not_matter(streets):
    metrics = evaluate(DetectionMetric(), *streets)
    low, high = metrics['intervals']['car/AP50']
    assert low < metrics['car/AP50'] < high < low + .2
    found = {key.removeprefix('car/'): value for key, value in metrics.items()}
    tp, fp, fn = (found[key] for key in ('tp', 'fp', 'fn'))
    assert 0.2 < found['AP50'] < 0.8  # neither trivial
    assert found['precision'] == pytest.approx(tp / (tp + fp))
    assert found['recall'] == pytest.approx(tp / (tp + fn))
    assert found['f1'] == pytest.approx(2 * tp / (2 * tp + fp + fn))
    at_best = car(*streets, score_thr=found['best_f1_score_thr'])
    assert at_best['f1'] == found['best_f1'] >= found['f1']
    curve = metrics['pr_curves']['car']
    assert curve['recall'][-1] == pytest.approx(car(*streets, score_thr=0)['recall'], abs=1e-6)

    rng = np.random.default_rng(0)
    mixed = []
    for index in rng.permutation(len(streets)):
        sample = dict(streets[index])
        order = rng.permutation(len(sample['pred_instances']['scores']))
        sample['pred_instances'] = {k: v[order] for k, v in sample['pred_instances'].items()}
        sample['instances'] = [sample['instances'][i]
                               for i in rng.permutation(len(sample['instances']))]
        mixed.append(sample)
    assert evaluate(DetectionMetric(), *mixed) == metrics


def test_samples_that_fill_up_a_distributed_batch_count_once():
    samples = [result_of([instance(CAR)], [CAR], number=n) for n in (0, 1, 2)]
    metric = DetectionMetric()
    metric.dataset_meta = dict(classes=('car',))
    metric.process({}, [*samples, samples[0]])
    assert len(metric.results) == 4  # one an image, so that what is too much can be dropped
    assert metric.evaluate(3)['car/tp'] == 3 and not metric.results


@pytest.mark.parametrize('missing', ['instances', 'img_path'])
def test_a_pipeline_that_leaves_out_the_truth(missing):
    sample = result_of([instance(CAR)], [CAR])
    del sample[missing]
    with pytest.raises(ValueError, match=f"DetectionMetric: .* no '{missing}', .* meta_keys"):
        car(sample)


def test_the_configs_pipeline_hands_out_what_every_metric_needs(kitti_root):
    """Perfect detections on files in KITTI's format, through the pipeline of the configs."""
    config = Config.fromfile(REPO_ROOT / 'configs/_base_/datasets/kitti_car.py')
    dataset = KittiDataset(str(kitti_root), pipeline=config.test_pipeline, test_mode=True)
    evaluator = Evaluator([*config.test_evaluator[:2], dict(type='KittiMetric', sampling='exact')])
    evaluator.dataset_meta = dataset.metainfo
    for index in range(len(dataset)):
        sample = dataset[index]['data_samples'].to_dict()
        boxes = [i['bbox'] for i in sample['instances']]
        sample['pred_instances'] = result_of(found=boxes)['pred_instances']
        evaluator.process([sample])
    metrics = evaluator.evaluate(len(dataset))
    assert metrics['coco/bbox_mAP_50'] == metrics['car/AP50'] == metrics['car/f1'] == 1
    assert (metrics['car/tp'], metrics['car/fp']) == (2, 0)
    # one car of 40 px, which is just not easy; one of 34, truncation 0.3, level 2
    assert [metrics[f'kitti/car/objects_{level}'] for level in ('easy', 'moderate', 'hard')] == [
        0, 1, 2]
    assert metrics['kitti/car/AP70_R40_easy'] == -1
    assert metrics['kitti/car/AP70_R40_hard'] == metrics['kitti/car/AP50_R11_moderate'] == 100
