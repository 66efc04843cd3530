"""Rows as trials; tests/tools/test_reproduce.py has whole reports."""
import pytest

from plugins.search.rows import RowRun, reproduce
from tests.plugins.report.runs import write_run


def runs_of(folder, *names, **more):
    """Runs of made-up rows."""
    return [RowRun(name, 0, folder / f'{name}.py', [], folder / name, False, {}, 'abc',
                   more.get(name, '')) for name in names]


@pytest.fixture
def tools(tmp_path):
    """A function that is both train and test, and what it was called for."""
    def train(argv):
        train.calls.append(argv)
        return write_run(tmp_path / argv[0].rpartition('/')[2][:-3], accuracy=70.)
    train.calls = []
    return train


def names(tools):
    return [argv[0].rpartition('/')[2] for argv in tools.calls]


def test_a_process_that_joins_keeps_the_order_of_the_first(tmp_path, tools):
    def stop_at_second(argv):
        if tools.calls:
            raise KeyboardInterrupt
        return tools(argv)
    with pytest.raises(KeyboardInterrupt):
        reproduce(runs_of(tmp_path, 'C', 'A', 'B'), tmp_path / 'w', stop_at_second, tools, None,
                  False)
    reproduce(runs_of(tmp_path, 'A', 'B', 'C'), tmp_path / 'w', tools, tools, None, True)
    assert names(tools) == ['C.py', 'A.py', 'B.py']
    assert tools.calls[0] == [str(tmp_path / 'C.py'), '--work-dir', str(tmp_path / 'C'), '--seed',
                              '0', '--resume']
    assert 'C seed 0' in (tmp_path / 'w/trials.csv').read_text()


def test_a_process_that_joins_leaves_what_has_failed(tmp_path, tools):
    def call(join):
        said = reproduce(runs_of(tmp_path, 'A', 'B', A='no data'), tmp_path / 'w', tools, tools,
                         None, join)
        with (tmp_path / 'w/trials.csv').open() as table:
            return said['A seed 0'], sum('failed' in row for row in table)
    assert call(False) == ('ValueError: no data', 1)
    assert call(True) == ('ValueError: no data', 1)
    assert call(False) == ('ValueError: no data', 2)
    assert names(tools) == ['B.py']
