"""What many tests need: sample data on disk, and one small run that several of them look at."""
import gc
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest

# Tests are small: two threads on two cores that something else uses cost more than they give.
os.environ.setdefault('OMP_NUM_THREADS', '1')

# Tests send these to the processes that they start; nohup and a shell's background ignore them.
for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.SIG_DFL)

DIGITS = 'configs/basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py'


def pytest_collection_finish() -> None:
    """Keep imports and tests from what mmengine's data sets collect: a second for each."""
    gc.freeze()


@cache
def load_config(path: Path) -> Any:
    """A config, read once for all tests of a process (0.2 s each); they leave it as it is."""
    from mmengine.config import Config
    return Config.fromfile(path)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a number of bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture(autouse=True)
def registry_scope_of_its_own() -> None:
    """Forget the scope that an earlier test's runner set: mmengine keeps it for the process.

    Otherwise a name means what it means in another package, depending on the order of the tests.
    """
    from mmengine.registry import DefaultScope
    DefaultScope._instance_dict.clear()


@pytest.fixture(scope='session')
def repo_root() -> Path:
    """The repository root."""
    return Path(__file__).resolve().parents[1]


@pytest.fixture(scope='session')
def digits_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folders of 300 real digits: train and test."""
    from tools.misc.make_sample_data import main
    root = tmp_path_factory.mktemp('sample')
    main([str(root), '--sets', 'digits', '--size', 'digits=300'])
    return root / 'digits'


@pytest.fixture(scope='session')
def digits_options(digits_root: Path) -> list[str]:
    """Options that let the digits config read those images, and be resumed for more epochs."""
    return ['+param_scheduler.0.T_max=20', *(
        f'{loader}.dataset.source.data_root={digits_root / part}' for loader, part in (
        ('train_dataloader', 'train'), ('val_dataloader', 'train'), ('test_dataloader', 'test')))]


@pytest.fixture(scope='session')
def train_digits(repo_root: Path, digits_options: list[str]) -> Any:
    """A function that trains the digits config through tools/train.py for one epoch."""
    def call(*argv: str, options: tuple[str, ...] = ()) -> dict[str, Any]:
        from tools.train import main
        return main([str(repo_root / DIGITS), *argv, '--cfg-options', 'train_cfg.max_epochs=1',
                     *digits_options, *options])
    return call


@pytest.fixture(scope='session')
def digits_run(train_digits: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The work dir of a finished two-epoch run; tests read it and leave it as it is."""
    work_dir = tmp_path_factory.mktemp('runs') / 'digits'
    train_digits('--work-dir', str(work_dir), options=('train_cfg.max_epochs=2',))
    return work_dir


@pytest.fixture(scope='session')
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of an untrained classifier of digits."""
    from tests.plugins.apis.cases import CLASSIFIER, save_checkpoint
    return save_checkpoint(tmp_path_factory.mktemp('models') / 'classifier.pth', CLASSIFIER,
                           tuple('0123456789'))


@pytest.fixture(scope='session')
def detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoint of an untrained detector of cars."""
    from tests.plugins.apis.cases import DETECTOR, save_checkpoint
    return save_checkpoint(tmp_path_factory.mktemp('models') / 'detector.pth', DETECTOR, ('car',),
                           seed=1)


@pytest.fixture(scope='session')
def roads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten road scenes in KITTI's format: the data_root."""
    from tests.plugins.apis.cases import draw_roads
    return draw_roads(tmp_path_factory.mktemp('roads'), 10)
