"""Normalise by the training set's own mean and standard deviation."""
import torch
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

from plugins.engine.unwrap import unwrapped

from .datasets import ArrayDataset, take_batch

_CHUNK = 4096  # images at a time, so that a float copy of the whole set never exists


@HOOKS.register_module()
class FitNormalizationHook(Hook):
    """Set the data preprocessor's mean and std from the training images.

    Keras's feature-wise normalisation (row B3): per channel, over all pixels of
    all stored training images. The values are saved in the checkpoint, which
    tools/test.py and a resumed run load.
    """

    def before_train(self, runner) -> None:
        if runner.iter > 0:
            return
        mean, std = channel_statistics(runner.train_dataloader.dataset)
        unwrapped(runner).data_preprocessor.set_normalization(mean, std)
        runner.logger.info(f'Normalisation from the training set: mean {mean}, std {std}')


def channel_statistics(dataset: ArrayDataset) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel over all images of a data set.

    Returns:
        C means and C population standard deviations, in the images' units (0 to 255).
    """
    total, squares, count = 0., 0., 0
    for start in range(0, len(dataset), _CHUNK):
        rows = range(start, min(start + _CHUNK, len(dataset)))
        items = dataset.__getitems__(rows) if hasattr(dataset, '__getitems__') else [
            dataset[row] for row in rows]  # of a wrapper
        images = take_batch(items)['inputs'].to(torch.float64)
        total = total + images.sum(dim=(0, 2, 3))
        squares = squares + images.square().sum(dim=(0, 2, 3))
        count += images.numel() // images.shape[1]
    mean = total / count
    return mean.tolist(), (squares / count - mean.square()).sqrt().tolist()
