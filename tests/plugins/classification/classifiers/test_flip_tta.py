import numpy as np
import pytest
import torch
from mmpretrain.structures import DataSample
from torch import nn

from plugins.classification.classifiers import FlipTTA


class Column(nn.Module):
    """Scores an image by the three pixels of its row; its loss is the first of them."""

    def test_step(self, data):
        for image, sample in zip(data['inputs'], data['data_samples'], strict=True):
            sample.set_pred_score(image[0, 0]).set_pred_label(image[0, 0].argmax(0, keepdim=True))
            sample.loss = image[0, 0, 0]
        return data['data_samples']


def test_scores_labels_and_losses_are_those_of_both_views():
    rows = torch.tensor([[.5, .1, .4], [.2, .8, 0.], [.1, .3, .6]])
    samples = [DataSample(metainfo=dict(num_classes=3, sample_idx=i)).set_gt_label(i)
               for i in range(3)]
    batch = dict(inputs=rows[:, None, None], data_samples=samples)
    found = FlipTTA(Column()).test_step(batch)
    assert torch.stack([one.pred_score for one in found]).numpy() == pytest.approx(
        np.array([[.45, .1, .45], [.1, .8, .1], [.35, .3, .35]]))
    # the third image alone would be class 2
    assert [one.pred_label.tolist() for one in found] == [[0], [1], [0]]
    assert [round(one.loss.item(), 6) for one in found] == [.45, .1, .35]
    assert [(one.sample_idx, one.gt_label.item()) for one in found] == [(0, 0), (1, 1), (2, 2)]
