import pytest
import torch

from plugins.classification.heads import MLPClsHead


def test_drops_before_each_linear_layer_at_its_own_rate():
    head = MLPClsHead(5, 1000, [800], dropouts=[0.2, 0.9], act_cfg=None)
    with torch.no_grad():
        head.layers[0].fc.weight.copy_(torch.eye(800, 1000))
        head.layers[0].fc.bias.zero_()
    torch.manual_seed(0)
    kept = head.train().pre_logits((torch.ones(200, 1000),)) != 0
    # Both dropouts must let a unit through: 0.8 * 0.1; 160 000 draws.
    assert kept.float().mean() == pytest.approx(0.08, abs=0.005)
    assert (head.eval().pre_logits((torch.ones(2, 1000),)) == 1).all()


def test_number_of_rates_must_fit():
    with pytest.raises(ValueError, match='2 hidden layers.*need 3 dropouts, found 1'):
        MLPClsHead(5, 10, [8, 8], dropouts=[0.5])


def test_without_hidden_layers_it_is_dropout_and_a_linear_layer():
    """Rows D1 to D3."""
    head = MLPClsHead(5, 1000, [], dropouts=[0.25])
    assert [name for name, _ in head.named_parameters()] == ['layers.0.fc.weight',
                                                            'layers.0.fc.bias']
    features = torch.rand(200, 1000) + 1
    linear = head.layers[0].fc
    torch.testing.assert_close(head.eval()((features,)), linear(features))
    torch.manual_seed(0)
    dropped = head.train().pre_logits((features,)) == 0
    assert dropped.float().mean() == pytest.approx(0.25, abs=0.005)  # 200 000 draws


def test_features_may_be_normalised_before_anything_else():
    """Row E12: BatchNorm, dropout, linear."""
    head = MLPClsHead(5, 4, [], dropouts=[0.], in_norm_cfg=dict(type='BN1d', eps=1e-3))
    features = 3 * torch.randn(50, 4) + 7
    normal = (features - features.mean(0)) / (features.var(0, unbiased=False) + 1e-3).sqrt()
    torch.testing.assert_close(head.train().pre_logits((features,)), normal)
