from types import SimpleNamespace

import numpy as np
import pytest
import torch

from plugins.classification import normalization_hook
from plugins.classification.data_preprocessor import BatchDataPreprocessor
from plugins.classification.datasets import ArrayDataset, ImageArray
from plugins.classification.normalization_hook import FitNormalizationHook, channel_statistics


@pytest.fixture
def dataset() -> ArrayDataset:
    """Ten images of 4 x 6 pixels, of other statistics in each channel."""
    random = np.random.default_rng(0)
    images = np.stack([random.integers(low, high, (10, 4, 6), dtype=np.uint8)
                       for low, high in ((0, 50), (100, 256), (30, 40))], axis=1)
    return ArrayDataset(ImageArray(images, [0, 1] * 5, ('a', 'b')), 'train', val_fraction=0.4)


def run_hook(dataset: ArrayDataset, iteration: int = 0) -> BatchDataPreprocessor:
    """The preprocessor after the hook's start of a training."""
    model = torch.nn.Module()
    model.data_preprocessor = BatchDataPreprocessor(mean=[1., 2., 3.], std=[4., 5., 6.])
    FitNormalizationHook().before_train(SimpleNamespace(
        iter=iteration, model=model, train_dataloader=SimpleNamespace(dataset=dataset),
        logger=SimpleNamespace(info=lambda text: None)))
    return model.data_preprocessor


@pytest.mark.parametrize('chunk', [1, 4, 4096])
def test_statistics_are_numpys(dataset, monkeypatch, chunk):
    monkeypatch.setattr(normalization_hook, '_CHUNK', chunk)
    images = dataset.source.images[dataset.rows].astype(np.float64)
    assert len(images) == 6  # of the training part alone
    mean, std = channel_statistics(dataset)
    assert mean == pytest.approx(images.mean(axis=(0, 2, 3)))
    assert std == pytest.approx(images.std(axis=(0, 2, 3)))


def test_statistics_of_a_wrapped_data_set(dataset):
    one_by_one = [dataset[row] for row in range(len(dataset))]  # wrappers have no __getitems__
    assert channel_statistics(one_by_one) == channel_statistics(dataset)


def test_training_images_come_out_with_mean_zero_and_deviation_one(dataset):
    preprocessor = run_hook(dataset)
    batch = dataset.__getitems__(range(len(dataset)))
    inputs = preprocessor(batch, training=True)['inputs']
    assert inputs.mean(dim=(0, 2, 3)).tolist() == pytest.approx([0.] * 3, abs=1e-5)
    assert inputs.std(dim=(0, 2, 3), correction=0).tolist() == pytest.approx([1.] * 3, abs=1e-5)


def test_a_resumed_run_keeps_the_checkpoints_figures(dataset):
    preprocessor = run_hook(dataset, iteration=7)
    assert preprocessor.mean.flatten().tolist() == [1., 2., 3.]
    assert preprocessor.std.flatten().tolist() == [4., 5., 6.]
