"""What people see while a search goes on."""
from collections.abc import Iterator
from contextlib import contextmanager

from optuna.study import Study
from optuna.trial import TrialState
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .definition import Search
from .sampler import SLOT
from .study import ERROR, SUPERFLUOUS, Survey, is_finished, survey


class TrialBar:
    """A bar over the trials of all processes, and a line for each that this one finishes.

    The bar appears on a terminal; written to a file, the lines remain. What a
    trial itself prints goes to its log.

    Args:
        search: What is searched.
        total: Trials that the study is to have.
        console: Where to; it keeps the output that was the standard one when it was made.
    """

    def __init__(self, search: Search, total: int, console: Console) -> None:
        self.search, self.total, self.console = search, total, console
        self._bar = Progress(
            TextColumn('{task.description}'), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn('{task.fields[note]}'), console=console,
            transient=True, redirect_stdout=False, redirect_stderr=False)
        self._task = self._bar.add_task('trials', total=total, note='')

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it within this context."""
        if not self.console.is_terminal:
            yield
            return
        with self._bar:
            yield

    def update(self, found: Survey, note: str = '') -> None:
        """Take over where the study stands."""
        running = sorted(found.running)
        note = note or (f'at {", ".join(map(str, running[:4]))}' if running else '')
        self._bar.update(self._task, completed=min(len(found.finished), self.total), note=note)

    def after_trial(self, study: Study, trial: object) -> None:
        """Optuna's callback: print how a trial ended.

        Args:
            study: The study.
            trial: The trial, frozen.
        """
        found = survey(study)
        self.update(found)
        slot = trial.user_attrs.get(SLOT)
        if SUPERFLUOUS in trial.user_attrs or not is_finished(trial):
            return
        values = ' '.join(f'{name.rsplit(".", 1)[-1]}={_short(value)}'
                          for name, value in trial.params.items())
        if trial.state == TrialState.FAIL:
            outcome = f'failed: {trial.user_attrs[ERROR].splitlines()[0]}'
        elif trial.state == TrialState.PRUNED and 'same_as' in trial.user_attrs:
            outcome = f"pruned, as trial {trial.user_attrs['same_as']}: the same values"
        elif trial.state == TrialState.PRUNED:
            outcome = f"pruned after epoch {trial.user_attrs.get('epochs')}"
        elif 'same_as' in trial.user_attrs:
            outcome = f"{trial.value:.4g}, as trial {trial.user_attrs['same_as']}: the same values"
        else:
            outcome = f"{self.search.metric} {trial.value:.4g} in " \
                f"{trial.user_attrs['seconds']:.0f} s"
        self.console.print(f'trial {slot} ({len(found.finished)}/{self.total})  {outcome}  '
                           f'[{values}]', highlight=False, markup=False, soft_wrap=True)


def _short(value: object) -> str:
    return f'{value:.3g}' if isinstance(value, float) else str(value)
