import json

import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import ConfusionMatrix, SingleLabelMetric
from mmpretrain.structures import DataSample
from sklearn.metrics import balanced_accuracy_score, precision_score

from plugins.classification.metrics import ClassReport


def report(truth, predicted, classes, batch=4, size=None):
    evaluator = Evaluator(ClassReport())
    evaluator.dataset_meta = dict(classes=classes)
    samples = [DataSample().set_gt_label(t).set_pred_label(p)
               for t, p in zip(truth, predicted, strict=True)]
    for start in range(0, len(samples), batch):
        evaluator.process(samples[start:start + batch])
    return evaluator.evaluate(size or len(samples))


def test_figures_of_a_case_done_by_hand():
    # 4 cats: 3 seen, 1 taken for a dog; 2 dogs: 1 seen, 1 taken for a cat; 1 owl, seen.
    found = report([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 0, 2], ('cat', 'dog', 'owl'))
    assert found['classes']['cat'] == pytest.approx(
        dict(images=4, accuracy=75, precision=75, recall=75, f1=75))
    assert found['classes']['dog'] == pytest.approx(
        dict(images=2, accuracy=50, precision=50, recall=50, f1=50))
    assert found['classes']['owl'] == pytest.approx(
        dict(images=1, accuracy=100, precision=100, recall=100, f1=100))
    assert found['confusion_matrix'] == [[3, 1, 0], [1, 1, 0], [0, 0, 1]]
    # the mean over classes, 225 / 3; of images, 5 of 7 = 71.4 are right
    assert found['accuracy/mean_class'] == pytest.approx(75)
    json.dumps(found, allow_nan=False)


def test_means_and_matrix_are_upstreams_where_every_class_has_images():
    torch.manual_seed(0)
    truth = torch.cat([torch.arange(7), torch.randint(7, (200,))])
    predicted = torch.where(torch.rand(207) < 0.5, truth, torch.randint(6, (207,)))
    found = report(truth.tolist(), predicted.tolist(), tuple('abcdefg'), batch=50)
    precision, recall, f1, _ = SingleLabelMetric.calculate(predicted, truth, num_classes=7)
    assert found['single-label/precision'] == pytest.approx(precision.item(), rel=1e-5)
    assert found['single-label/recall'] == pytest.approx(recall.item(), rel=1e-5)
    assert found['single-label/f1-score'] == pytest.approx(f1.item(), rel=1e-5)
    assert found['accuracy/mean_class'] == found['single-label/recall']
    matrix = ConfusionMatrix.calculate(predicted, truth, num_classes=7)
    assert found['confusion_matrix'] == matrix.tolist()


@pytest.mark.filterwarnings('ignore:y_pred contains classes not in y_true')
def test_a_class_without_images_is_blank_and_counts_in_no_mean():
    truth, predicted = [0, 0, 2, 2], [0, 1, 2, 2]
    found = report(truth, predicted, ('cat', 'dog', 'owl'))
    assert found['classes']['dog'] == dict(
        images=0, accuracy=None, precision=None, recall=None, f1=None)
    assert found['accuracy/mean_class'] == pytest.approx(
        100 * balanced_accuracy_score(truth, predicted)) == 75
    assert found['single-label/precision'] == 100
    assert 100 * precision_score(truth, predicted, average='macro') == pytest.approx(200 / 3)


def test_a_class_that_is_never_predicted_has_precision_0():
    found = report([0, 1], [0, 0], ('cat', 'dog'))
    assert found['classes']['dog'] == dict(images=1, accuracy=0, precision=0, recall=0, f1=0)
    assert found['single-label/precision'] == pytest.approx(25)


def test_padded_images_do_not_count():
    found = report([0, 1, 0], [0, 1, 1], ('cat', 'dog'), size=2)
    assert found['confusion_matrix'] == [[1, 0], [0, 1]]


@pytest.mark.parametrize('classes', [None, ('cat',)])
def test_labels_without_a_name_are_refused(classes):
    with pytest.raises(ValueError, match='found label 1, but .* names [01] classes'):
        report([0, 1], [0, 1], classes)
