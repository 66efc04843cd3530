import pytest
import torch
import torch.nn.functional as F
from mmpretrain.registry import MODELS

from plugins.classification.losses import NLLLoss

LABELS = torch.tensor([2, 0, 1, 2])


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(4, 3, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize('reduction', ['none', 'mean', 'sum'])
def test_of_log_softmax_it_is_cross_entropy(logits, reduction):
    expected = F.cross_entropy(logits, LABELS, reduction=reduction)
    scores = logits.log_softmax(1)
    torch.testing.assert_close(NLLLoss(reduction)(scores, LABELS), expected)
    torch.testing.assert_close(NLLLoss()(scores, LABELS, reduction_override=reduction), expected)


def test_takes_what_mmpretrains_heads_pass(logits):
    loss = MODELS.build(dict(type='NLLLoss', loss_weight=.5))
    weight = torch.tensor([1., 0., 2., 0.])
    each = F.cross_entropy(logits, LABELS, reduction='none')
    expected = .5 * (each[0] + 2 * each[2]) / 3
    torch.testing.assert_close(loss(logits.log_softmax(1), LABELS, weight, avg_factor=3), expected)


def test_takes_shares_of_classes_as_pytorchs_cross_entropy_does(logits):
    shares = torch.tensor([[.3, 0, .7], [1, 0, 0], [0, 1, 0], [.5, .25, .25]])
    torch.testing.assert_close(NLLLoss()(logits.log_softmax(1), shares),
                               F.cross_entropy(logits, shares))


def test_unknown_reduction_is_named(logits):
    with pytest.raises(ValueError, match="reduction 'average', expected 'none', 'mean' or 'sum'"):
        NLLLoss('average')
    with pytest.raises(ValueError, match="reduction 'avg'"):
        NLLLoss()(logits, LABELS, reduction_override='avg')
