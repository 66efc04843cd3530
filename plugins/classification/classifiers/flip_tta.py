"""Test-time augmentation of whole batches."""
from mmpretrain.models import AverageClsScoreTTA
from mmpretrain.registry import MODELS
from mmpretrain.structures import DataSample


@MODELS.register_module()
class FlipTTA(AverageClsScoreTTA):
    """Average the scores of each image and its mirror image.

    Upstream needs a pipeline that makes the views, and leaves label and loss to the first of them.
    Here the label is that of the mean scores, and the loss the mean of both views.
    """

    def test_step(self, data: dict) -> list[DataSample]:
        """Predict a batch of ``inputs`` (B x C x H x W) and ``data_samples``."""
        images, samples = data['inputs'], data['data_samples']
        return super().test_step(dict(inputs=[images, images.flip(-1)], data_samples=[
            samples, [sample.new() for sample in samples]]))

    def _merge_single_sample(self, data_samples: list[DataSample]) -> DataSample:
        merged = super()._merge_single_sample(data_samples)
        if 'loss' in merged:
            merged.loss = sum(sample.loss for sample in data_samples) / len(data_samples)
        return merged.set_pred_label(merged.pred_score.argmax(0, keepdim=True))
