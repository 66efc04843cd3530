"""Checkpoints of untrained models, made once."""
from pathlib import Path

import pytest

from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, save_checkpoint


@pytest.fixture(scope='session')
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of digits."""
    return save_checkpoint(tmp_path_factory.mktemp('models') / 'classifier.pth', CLASSIFIER,
                           tuple(f'digit {k}' for k in range(10)))


@pytest.fixture(scope='session')
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector of cars."""
    return save_checkpoint(tmp_path_factory.mktemp('models') / 'detector.pth', DETECTOR, ('car',))
