import pytest

from tools.benchmarks.scaling import train_distributed
from tools.benchmarks.synthetic import write_cifar10


@pytest.mark.slow
def test_two_processes_share_a_batch(tmp_path):
    root = write_cifar10(tmp_path / 'cifar10', per_class=16)
    assert train_distributed(root, 2, 1, 1, 1) > 0
    result = (root / '2x1/result.json').read_text()
    assert '"processes": 2' in result


@pytest.mark.slow
def test_a_training_that_fails_is_told_of(tmp_path):
    with pytest.raises(ValueError, match='ended with code .* without a time'):
        train_distributed(tmp_path, 1, 1, 1, 1)  # there are no images
