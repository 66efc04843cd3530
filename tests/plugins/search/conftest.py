"""What tests of searches share."""
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.search.cases import write_search


@pytest.fixture(scope='session')
def few_digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 100 real digits."""
    from tools.misc.make_sample_data import main
    root = tmp_path_factory.mktemp('few')
    main([str(root), '--sets', 'digits', '--size', 'digits=100'])
    return root / 'digits'


@pytest.fixture(scope='session')
def finished(few_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A finished search of four trials: its config, its work dir and what main() returned."""
    from tools.search import main
    folder = tmp_path_factory.mktemp('finished')
    config = write_search(folder, few_digits)
    return config, folder / 'work', main([str(config), '--work-dir', str(folder / 'work')])


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Let trials take no time: their value is a thousand times their rate. What was trained."""
    from plugins.engine.session import load_config
    calls = []

    def fake(argv: list[str]) -> Any:
        rate = load_config(argv[0]).optim_wrapper.optimizer.lr
        if '--fast-dev-run' not in argv:
            calls.append(argv)
        return dict(metrics={'accuracy/top1': 1000 * rate}, epochs=1, best_epoch=1, seconds=2.)
    monkeypatch.setattr('tools.train.main', fake)
    return calls


@pytest.fixture
def before_training(trained: list, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """Let something happen before the training with this number, from 1 on."""
    from tools import train

    def at(number: int, happen: Callable[[], None]) -> None:
        train_next, calls = train.main, []

        def main(argv: list[str]) -> Any:
            if '--fast-dev-run' not in argv:
                calls.append(argv)
                if len(calls) == number:
                    happen()
            return train_next(argv)
        monkeypatch.setattr(train, 'main', main)
    return at
