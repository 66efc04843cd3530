"""Metrics per class, and the confusion matrix."""
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS

# Upstream's names where upstream has one (SingleLabelMetric).
_MEANS = {'accuracy/mean_class': 'accuracy', 'single-label/precision': 'precision',
          'single-label/recall': 'recall', 'single-label/f1-score': 'f1'}


@METRICS.register_module()
class ClassReport(BaseMetric):
    """Accuracy, precision, recall and F1 of every class, their means, and the confusion matrix.

    Unlike mmpretrain's SingleLabelMetric it names the classes, and classes without images
    are left out of the means. (scikit-learn's macro means count such a class as 0 if it was
    predicted; its balanced accuracy leaves it out.) scikit-learn computes the figures of each
    class; its import takes more than a second, so this metric is meant for the test, not for a
    validation after each epoch.

    All figures are in %. For each class:

    - ``images``: the number of tested images,
    - ``accuracy``: the share of them that was recognised, called the accuracy of
      a class in the reports; equal to ``recall``,
    - ``precision``: the share of correct predictions of this class; 0 if it was
      never predicted,
    - ``f1``: harmonic mean of precision and recall.

    Metrics: ``accuracy/mean_class`` (the reports' mCA, the mean recall),
    ``single-label/precision``, ``single-label/recall``, ``single-label/f1-score``,
    each the unweighted mean over the classes; then
    ``classes`` ({name: its figures}) and ``confusion_matrix`` (row: true class,
    column: predicted class, cell: number of images).

    A class without images has the figures None.

    Raises:
        ValueError: The data set names no classes, or fewer than there are
            labels (from ``evaluate``).
    """

    default_prefix = ''  # the keys are complete; None would cause a warning

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Collect true and predicted labels of one batch, one item per image."""
        truth, predicted = (torch.cat([sample[key] for sample in data_samples]).tolist()
                            for key in ('gt_label', 'pred_label'))
        self.results.extend(zip(truth, predicted, strict=True))

    def compute_metrics(self, results: list[tuple[int, int]]) -> dict[str, Any]:
        """Compute everything from all images' (true, predicted) labels."""
        from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

        truth, predicted = np.array(results).T
        names = (self.dataset_meta or {}).get('classes') or ()
        if (largest := max(truth.max(), predicted.max())) >= len(names):
            raise ValueError(f'ClassReport: found label {largest}, but the metainfo of the data '
                             f'set names {len(names)} classes; it must name every class')
        labels = range(len(names))
        precision, recall, f1, images = precision_recall_fscore_support(
            truth, predicted, labels=labels, zero_division=0)
        figures = dict(accuracy=recall, precision=precision, recall=recall, f1=f1)
        tested = images > 0
        return {
            **{key: 100 * float(figures[name][tested].mean()) for key, name in _MEANS.items()},
            'classes': {
                name: dict(images=int(images[i]), **{
                    key: 100 * float(values[i]) if tested[i] else None
                    for key, values in figures.items()})
                for i, name in enumerate(names)},
            'confusion_matrix': confusion_matrix(truth, predicted, labels=labels).tolist()}
