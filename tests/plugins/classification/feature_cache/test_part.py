"""The features of one part: who computes what of them, and whether they still hold."""
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config

from plugins.classification.augmentation import RandomFlip
from plugins.classification.datasets import ArrayDataset
from plugins.classification.feature_cache import FrozenPrefix, part
from plugins.classification.feature_cache.part import Part, PartFeatures

from .conftest import DrawnStripes
from .test_prefix import build

FLIP = dict(train_geometry=[dict(type='RandomFlip', prob=0.5, direction='horizontal')])
DIFFERS = 'the network at hand gives others than those stored'


def features(preprocessor: dict[str, Any], seed: int | None, views: int = 1,
             batch_size: int = 32) -> PartFeatures:
    training = Part('train', ArrayDataset(DrawnStripes()), nullcontext, True, views)
    prefix = FrozenPrefix(build(preprocessor=preprocessor), training.some_images(), training=True)
    return PartFeatures(training, prefix, seed, batch_size)


@pytest.mark.parametrize('processes', [1, 2, 3])
def test_processes_share_the_batches(monkeypatch, processes):
    shares = []
    for rank in range(processes):
        monkeypatch.setattr(part, 'get_dist_info', lambda rank=rank: (rank, processes))
        shares.append(list(part._share(views=2, images=70, batch_size=32)))
    assert sorted(sum(shares, [])) == [(view, start) for view in (0, 1) for start in (0, 32, 64)]
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize('batch_size', [32, 200])  # of 90 images
def test_views_are_compared_with_those_that_the_code_at_hand_draws(monkeypatch, batch_size):
    wanted = features(FLIP, seed=0, views=2, batch_size=batch_size)
    stored = np.empty(wanted.shape, np.float32)
    wanted.fill(stored)
    state = torch.get_rng_state()
    assert wanted.differing(stored) == ''
    assert torch.get_rng_state().equal(state), 'the training draws as it would have'
    assert wanted.differing(stored[::-1]) == DIFFERS, 'another view'
    draw = RandomFlip.draw
    monkeypatch.setattr(RandomFlip, 'draw', lambda *args: {'sign': -draw(*args)['sign']})
    assert wanted.differing(stored) == DIFFERS, 'the others are mirrored now'


def test_what_is_not_random_is_compared_from_end_to_end():
    wanted = features({}, seed=None)
    stored = np.empty(wanted.shape, np.float32)
    wanted.fill(stored)
    assert wanted.differing(stored) == ''
    for row, text in ((0, DIFFERS), (89, DIFFERS), (1, '')):
        damaged = stored.copy()
        damaged[0, row] += 1
        assert wanted.differing(damaged) == text, row


def test_a_preprocessor_beside_the_model_is_part_of_the_description():
    wanted = features({}, seed=None)

    def about(model: dict[str, Any], **beside: Any) -> dict[str, Any]:
        return wanted.about(Config(dict(model=model, **beside)))
    inside, other = dict(to_bgr=False), dict(to_bgr=True)
    assert about({}, data_preprocessor=inside) != about({}, data_preprocessor=other)
    assert about({}, data_preprocessor=inside) == about(dict(data_preprocessor=inside))
    # mmengine takes the model's own
    assert about(dict(data_preprocessor=inside), data_preprocessor=other) == \
        about(dict(data_preprocessor=inside))
