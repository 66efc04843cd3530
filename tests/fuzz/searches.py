"""Search configs."""
import json
from random import Random

from plugins.engine.files import REPO_ROOT
from tests.conftest import DIGITS
from tests.fuzz.attempt import Attempt, Setting, kind
from tests.fuzz.mutators import changed

_SEARCH = dict(
    base=str(REPO_ROOT / DIGITS), metric='accuracy/top1', rule='greater', sampler='tpe', n_trials=4,
    seed=0, seeds=[0, 1], epochs=1, heartbeat=5, changes={'train_dataloader.batch_size': 8},
    pruner=dict(type='median', startup_trials=1, warmup_epochs=0),
    enumerated=[dict(lr=0.01, optimizer='SGD')],
    space=dict(lr=dict(type='log_uniform', low=0.001, high=0.1, key='optim_wrapper.optimizer.lr'),
               optimizer=dict(type='categorical', key='optim_wrapper.optimizer', values=dict(
                   Adam=dict(type='Adam', lr=1e-3), SGD=dict(type='SGD', lr=1e-2))),
               momentum=dict(type='uniform', low=0., high=0.9, when=dict(optimizer=['SGD']),
                             key='+optim_wrapper.optimizer.momentum'),
               batch=dict(type='int', low=8, high=64, step=8, key='train_dataloader.batch_size')))


@kind('search config', 130, 'each example value of the space gives a config that is checked')
def search_config(rng: Random, setting: Setting) -> Attempt:
    from plugins.engine.config_check import check_config
    from plugins.search.definition import read_search
    from plugins.search.leaf import Leaves

    content, told = changed(rng, _SEARCH)
    path = setting.folder / 'search.json'
    path.write_text(json.dumps(content))

    def use() -> None:
        search = read_search(path)
        leaves = Leaves(search)
        assert search.trials(None) > 0 and len(search.plan()) >= len(search.enumerated)
        for values in search.space.examples():
            check_config(leaves.config(values))
        leaves.text(path, values, 'x', bool(search.pruner))

    return Attempt(told, [str(path)], use)
