"""Labels as one tensor, and as samples."""
import pickle

import torch
from mmengine.model import BaseDataPreprocessor
from mmpretrain.structures import DataSample

from plugins.classification.samples import Samples


def batch():
    return Samples((), torch.tensor([3, 1]), [7, 5], (8, 9), 4)


def test_samples_are_those_that_upstream_would_pack():
    samples = batch()
    assert len(samples) == 2 and samples.labels.tolist() == [3, 1]
    second = DataSample(metainfo=dict(sample_idx=5, img_shape=(8, 9), num_classes=4))
    second.set_gt_label(1)
    assert samples[1].metainfo == second.metainfo and samples[1].keys() == second.keys()
    assert [one.gt_label.item() for one in samples] == [3, 1]


def test_labels_that_a_hook_may_have_changed_are_not_served():
    samples = batch()
    samples[0].set_gt_label(2)
    assert samples.labels is None
    assert [one.gt_label.item() for one in samples] == [2, 1] and len(samples) == 2


def test_they_survive_workers_devices_and_upstreams_preprocessors():
    for copy in (pickle.loads(pickle.dumps(batch())), batch().to(torch.device('cpu'))):
        assert copy.labels.tolist() == [3, 1] and copy[1].sample_idx == 5
    looked_at = batch()
    looked_at[0].set_gt_label(2)
    assert looked_at.to(torch.device('cpu'))[0].gt_label.item() == 2
    moved = BaseDataPreprocessor().cast_data(batch())
    assert isinstance(moved, Samples) and moved[0].gt_label.item() == 3
