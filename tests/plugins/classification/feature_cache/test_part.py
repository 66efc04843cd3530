"""The features of one part: who computes what of them, and whether they still hold."""
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.config import Config

from plugins.classification.augmentation.geometry import RandomFlip
from plugins.classification.datasets import ArrayDataset
from plugins.classification.feature_cache import FrozenPrefix, part
from plugins.classification.feature_cache.part import PartFeatures, some_images

from .conftest import DrawnStripes
from .test_prefix import build

FLIP = dict(train_geometry=[dict(type='RandomFlip', prob=0.5, direction='horizontal')])
DIFFERS = 'the current network computes different ones'


def features(preprocessor: dict[str, Any], seed: int | None, views: int = 1,
             batch_size: int = 32) -> PartFeatures:
    dataset = ArrayDataset(DrawnStripes())
    prefix = FrozenPrefix(build(preprocessor=preprocessor), some_images(dataset), training=True)
    return PartFeatures(dataset, prefix, nullcontext, True, views, seed, batch_size)


def filled(wanted: PartFeatures) -> np.ndarray:
    array = np.zeros(wanted.shape, np.float32)
    wanted.fill(array)
    return array


@pytest.mark.parametrize('processes', [2, 3])
def test_processes_share_the_batches(monkeypatch, processes):
    wanted = features(FLIP, seed=0, views=2, batch_size=32)  # six batches
    whole, shares = filled(wanted), []
    for rank in range(processes):
        monkeypatch.setattr(part, 'get_dist_info', lambda rank=rank: (rank, processes))
        shares.append(filled(wanted))
    assert (sum(shares) == whole).all()
    counts = [share.any(axis=2).sum() for share in shares]
    assert sum(counts) == 180 and max(counts) - min(counts) <= 32


def test_views_follow_from_seed_view_and_place_and_draw_no_number_of_the_trainings():
    torch.manual_seed(3)
    expected = torch.rand(2)
    wanted, other = (features(FLIP, seed, views=2, batch_size=30) for seed in (0, 1))
    torch.manual_seed(3)
    whole = filled(wanted)
    assert torch.rand(2).equal(expected)
    assert (filled(wanted) == whole).all()
    assert not np.allclose(whole[0], whole[1]) and not np.allclose(whole, filled(other))


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
