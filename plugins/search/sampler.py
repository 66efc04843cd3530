"""Optuna's samplers and pruners, made to give the same trials after a kill."""
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

SLOT = 'slot'  # attribute of a trial: which of the study's n_trials it is


class SlotSampler(BaseSampler):
    """Give each slot of a study random numbers of its own.

    Optuna's samplers count through one sequence from the start of the process:
    a continued study would draw its first values again, and two processes with
    one seed draw the same. Here the numbers follow from seed, slot and
    parameter, so that random search finds the same values however often it was
    killed, and by however many processes it was done.

    Args:
        kind: ``random`` or ``tpe``; a grid's values are all given, ``random`` will do.
        seed: Of the search.
    """

    def __init__(self, kind: str, seed: int) -> None:
        self.kind, self.seed = kind, seed

    def _sampler(self, trial: FrozenTrial, name: str = '') -> BaseSampler:
        text = f'{self.seed} {trial.user_attrs.get(SLOT)} {name}'
        seed = zlib.crc32(text.encode())
        return TPESampler(seed=seed) if self.kind == 'tpe' else RandomSampler(seed=seed)

    def infer_relative_search_space(self, study: Study,
                                    trial: FrozenTrial) -> dict[str, BaseDistribution]:
        return self._sampler(trial).infer_relative_search_space(study, trial)

    def sample_relative(self, study: Study, trial: FrozenTrial,
                        search_space: dict[str, BaseDistribution]) -> dict[str, Any]:
        return self._sampler(trial).sample_relative(study, trial, search_space)

    def sample_independent(self, study: Study, trial: FrozenTrial, param_name: str,
                           param_distribution: BaseDistribution) -> Any:
        return self._sampler(trial, param_name).sample_independent(study, trial, param_name,
                                                                   param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState,
                    values: Sequence[float] | None) -> None:
        """Nothing: these samplers keep no state."""


def build_pruner(pruner: Mapping[str, Any] | None, epochs: int) -> BasePruner:
    """Optuna's pruner of a search config; its steps are epochs.

    Args:
        pruner: As the search config has it.
        epochs: Longest training of a trial.
    """
    if pruner is None:
        return NopPruner()
    if pruner['type'] == 'median':
        return MedianPruner(n_startup_trials=pruner.get('startup_trials', 5),
                            n_warmup_steps=pruner.get('warmup_epochs', 0))
    return HyperbandPruner(min_resource=pruner.get('min_epochs', 1), max_resource=epochs,
                           reduction_factor=pruner.get('factor', 3))
