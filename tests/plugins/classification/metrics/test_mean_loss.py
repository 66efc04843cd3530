import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.structures import DataSample

from plugins.classification.metrics import MeanLoss


def samples(losses):
    made = []
    for loss in losses:
        sample = DataSample().set_gt_label(0)
        sample.loss = loss
        made.append(sample)
    return made


@pytest.mark.parametrize('make', [float, torch.tensor, lambda x: torch.tensor([x])])
def test_every_image_weighs_the_same_in_batches_of_any_size(make):
    evaluator = Evaluator(MeanLoss())
    for batch in ([1., 2., 3.], [6.]):
        evaluator.process(samples(map(make, batch)))
    assert evaluator.evaluate(4) == dict(loss=3.)


def test_a_padded_image_does_not_count():
    evaluator = Evaluator(MeanLoss())
    evaluator.process(samples([1., 2., 9.]))
    assert evaluator.evaluate(2) == dict(loss=1.5)


def test_a_model_that_gives_no_loss_is_named():
    sample = DataSample().set_gt_label(0).set_pred_label(1)
    with pytest.raises(ValueError, match='no `loss`, only gt_label.*pred_label.*Transfer'):
        Evaluator(MeanLoss()).process([sample])
