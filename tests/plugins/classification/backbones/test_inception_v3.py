import pytest
import torch

from plugins.classification.backbones import InceptionV3Features


def test_hands_out_2048_dropped_out_features():
    """The values are compared with torchvision's in test_against_torchvision.py."""
    torch.manual_seed(0)
    net = InceptionV3Features(dropout=.25)
    pooled = []
    net.avgpool.register_forward_hook(lambda *call: pooled.append(call[-1].flatten(1)))
    with torch.no_grad():
        (features,) = net(torch.randn(4, 3, 75, 75))
    assert features.shape == (4, 2048)
    alive = pooled[0] != 0  # about half: ReLU, and 75 px leave nothing to average
    assert (features[alive] == 0).float().mean() == pytest.approx(.25, abs=.03)
    kept = features != 0
    torch.testing.assert_close(features[kept], pooled[0][kept] / .75)


def test_an_auxiliary_classifier_that_nothing_trains_is_refused():
    with pytest.raises(TypeError, match='aux_logits'):
        InceptionV3Features(aux_logits=True)
