import io

import optuna
import pytest
from optuna.trial import TrialState
from rich.console import Console

from plugins.search.definition import read_search
from plugins.search.progress import TrialBar
from plugins.search.sampler import SLOT
from tests.plugins.search.cases import write_search


@pytest.mark.parametrize(('state', 'attrs', 'line'), [
    (TrialState.COMPLETE, dict(seconds=12.3),
     'trial 0 (1/4)  accuracy/top1 91.23 in 12 s  [lr=0.5]'),
    (TrialState.COMPLETE, dict(same_as=7), 'trial 0 (1/4)  91.23, as trial 7: the same values'),
    (TrialState.PRUNED, dict(same_as=7), 'trial 0 (1/4)  pruned, as trial 7: the same values'),
    (TrialState.PRUNED, dict(epochs=3), 'trial 0 (1/4)  pruned after epoch 3'),
    (TrialState.FAIL, dict(error='E: [no] room\nat'), 'trial 0 (1/4)  failed: E: [no] room  [lr'),
    (TrialState.FAIL, {}, '')])
def test_a_line_tells_how_a_trial_ended(tmp_path, state, attrs, line):
    output = io.StringIO()
    bar = TrialBar(read_search(write_search(tmp_path, tmp_path)), 4, Console(file=output))
    study = optuna.create_study()
    study.enqueue_trial({}, user_attrs={SLOT: 0, **attrs})
    trial = study.ask()
    trial.suggest_float('optim_wrapper.optimizer.lr', 0.5, 0.5)
    found = study.tell(trial, 91.234 if state == TrialState.COMPLETE else None, state)
    with bar.shown():
        bar.after_trial(study, found)
    assert output.getvalue().startswith(line) and bool(output.getvalue()) == bool(line)


def test_a_terminal_gets_a_bar(tmp_path):
    output = io.StringIO()
    bar = TrialBar(read_search(write_search(tmp_path, tmp_path)), 4,
                   Console(file=output, force_terminal=True, width=80))
    with bar.shown():
        pass
    assert '0/4' in output.getvalue()
