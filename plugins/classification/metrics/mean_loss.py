"""The loss in validation and test."""
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS


@METRICS.register_module()
class MeanLoss(BaseMetric):
    """Mean of the samples' losses, under the key ``loss``.

    TransferClassifier writes a loss (on the scale of training) into each sample;
    here every image has the same weight, independent of batches and processes.

    Raises:
        ValueError: The samples hold no loss (from ``process``).
    """

    default_prefix = ''  # no prefix; None would cause a warning

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect the losses of one batch."""
        if not all('loss' in sample for sample in data_samples):
            fields = sorted(set().union(*data_samples))
            raise ValueError(
                'MeanLoss: the predicted samples have no `loss`, only '
                f'{", ".join(fields)}. Use model.type TransferClassifier, which writes it for '
                "images with a label, or remove dict(type='MeanLoss') from val_evaluator and "
                'test_evaluator.')
        losses = [sample['loss'] for sample in data_samples]
        if torch.is_tensor(losses[0]):
            losses = torch.stack(losses).flatten().tolist()  # one transfer from the device
        self.results.extend(losses)

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """Average over all images."""
        return dict(loss=sum(results) / len(results))
