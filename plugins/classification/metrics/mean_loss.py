"""The loss on images that are not trained on."""
from collections.abc import Sequence
from typing import Any

import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS


@METRICS.register_module()
class MeanLoss(BaseMetric):
    """Mean of the samples' losses, under the key ``loss``.

    TransferClassifier writes each sample's own loss (on training's scale) into
    the sample; here every image has the same weight, however it was batched or
    distributed.

    Args:
        kwargs: Of mmengine's BaseMetric (``collect_device``, ...).

    Raises:
        ValueError: The samples hold no loss (from ``process``).
    """

    default_prefix = ''  # the bare key; None would be warned of

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Remember the losses of one batch."""
        if not all('loss' in sample for sample in data_samples):
            fields = sorted(set().union(*data_samples))
            raise ValueError(
                'MeanLoss: the predicted samples hold no `loss`, only '
                f'{", ".join(fields)}. It is written by model.type TransferClassifier, for images '
                "with a label; use that model, or leave dict(type='MeanLoss') out of "
                'val_evaluator and test_evaluator.')
        losses = [sample['loss'] for sample in data_samples]
        if torch.is_tensor(losses[0]):
            losses = torch.stack(losses).flatten().tolist()  # one transfer from the device
        self.results.extend(losses)

    def compute_metrics(self, results: list[float]) -> dict[str, float]:
        """Average over all images."""
        return dict(loss=sum(results) / len(results))
