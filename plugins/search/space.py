"""The config keys that a search changes, and their values."""
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from plugins.engine.checks import check_shape, is_number, is_whole, refuse
from plugins.engine.wording import shortened

ADVICE = 'see configs/search/README.md'
_KINDS = {'categorical': {'values', 'key'}, 'choices': {'choices'},
          'uniform': {'low', 'high', 'key'}, 'log_uniform': {'low', 'high', 'key'},
          'int': {'low', 'high', 'step', 'key'}}
Values = dict[str, Any]  # name -> value of each parameter that applies
MOST_TRIALS = 10_000


@dataclass(frozen=True)
class Parameter:
    """One parameter of a search.

    Attributes:
        choices: For each value (or its name) the dotted keys that it sets; empty for a range.
        keys: The dotted keys that a range sets.
        when: Earlier parameters -> those of their values for which this parameter applies.
    """

    name: str
    kind: str
    choices: Mapping[Any, Mapping[str, Any]]
    keys: Sequence[str] = ()
    low: float = 0
    high: float = 0
    step: int = 1
    when: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def settings(self, value: Any) -> Mapping[str, Any]:
        """The dotted config keys and what this value sets them to."""
        return self.choices[value] if self.choices else dict.fromkeys(self.keys, value)

    def examples(self) -> tuple[Any, ...]:
        """All values, or the two ends of a range."""
        return tuple(self.choices) or (self.low, self.high)

    def contains(self, value: Any) -> bool:
        """Whether the value is one of the choices or within the range."""
        if self.choices:
            return value in tuple(self.choices)  # which takes values without a hash, too
        fits = is_number(value) and self.low <= value <= self.high
        return fits and (self.kind != 'int' or (value - self.low) % self.step == 0)

    def takes_part(self, values: Mapping[str, Any]) -> bool:
        """Whether the parameter applies, given the values of earlier parameters."""
        return all(values.get(other) in allowed for other, allowed in self.when.items())

    def suggest(self, trial: Any) -> Any:
        """Let Optuna choose a value for one of its trials."""
        if self.choices:
            return trial.suggest_categorical(self.name, tuple(self.choices))
        if self.kind == 'int':
            return trial.suggest_int(self.name, self.low, self.high, step=self.step)
        return trial.suggest_float(self.name, self.low, self.high, log=self.kind == 'log_uniform')


def parse_parameter(name: str, entry: Any) -> Parameter:
    """Read one entry of a search config's ``space``; ValueError if it is wrong."""
    where = f'space[{name!r}]'
    if isinstance(entry, list | tuple):
        entry = dict(type='categorical', values=entry)
    kind = entry.get('type') if isinstance(entry, Mapping) else None
    if kind not in tuple(_KINDS):
        raise ValueError(f'{where} is {shortened(entry)}, expected a list of values, or a dict '
                         f'whose type is one of {", ".join(_KINDS)}')
    known = {*_KINDS[kind], 'type', 'when'}
    if unknown := set(entry) - known:
        raise refuse(where, 'keys', unknown, f'only {", ".join(sorted(known))}')
    key, when = entry.get('key', name), entry.get('when', {})
    keys = key if isinstance(key, list | tuple) else (key,)
    check_shape(when, {'*': ['anything']}, f'{where}.when', ADVICE)
    check_shape(keys, ['text'], f'{where}.key', ADVICE)
    if kind == 'choices':
        choices = _named(where, kind, entry.get(kind))
        check_shape(choices, {'*': 'a dict'}, f'{where}.{kind}', ADVICE)
        return Parameter(name, kind, choices, when=when)
    if kind == 'categorical':
        choices = {value: dict.fromkeys(keys, meant)
                   for value, meant in _named(where, 'values', entry.get('values')).items()}
        return Parameter(name, kind, choices, when=when)
    low, high, step = entry.get('low'), entry.get('high'), entry.get('step', 1)
    _check_range(where, kind, low, high, step)
    return Parameter(name, kind, {}, keys, low, high, step, when)


def _named(where: str, key: str, given: Any) -> Mapping[Any, Any]:
    """Map names to values; a plain word or number is its own name."""
    if not given or not isinstance(given, Mapping | list | tuple):
        raise refuse(where, key, given, '{name: value}, or a list of plain values')
    for name in given:
        if not (name is None or isinstance(name, str | int | float)):
            raise ValueError(f'{where}: the value {name!r} needs a name, as databases store only '
                             "words and numbers: dict(type='categorical', values={'NAME': value})")
    if len(set(given)) < len(given):
        raise refuse(where, key, given, 'different values')
    return given if isinstance(given, Mapping) else dict(zip(given, given, strict=True))


def _check_range(where: str, kind: str, low: Any, high: Any, step: Any) -> None:
    if not (is_number(low) and is_number(high) and low < high):
        raise refuse(where, 'low, high', (low, high), 'two numbers, low < high')
    if kind == 'log_uniform' and low <= 0:
        raise refuse(where, 'low', low, 'more than 0 for a logarithmic range')
    if kind == 'int' and not (isinstance(low, int) and isinstance(high, int)):
        raise refuse(where, 'low, high', (low, high), 'two whole numbers')
    if kind == 'int' and not is_whole(step, 1, high - low):
        raise refuse(where, 'step', step, f'a whole number from 1 to {high - low}')


class Space:
    """All parameters of a search, in order: later ones override keys that earlier ones set."""

    def __init__(self, entries: Mapping[str, Any]) -> None:
        if not entries:
            raise ValueError('space is empty: there is nothing to search')
        self.parameters = [parse_parameter(name, entry) for name, entry in entries.items()]
        known: dict[str, Parameter] = {}
        for parameter in self.parameters:
            for other, allowed in parameter.when.items():
                if not (other in known and allowed and all(map(known[other].contains, allowed))):
                    raise refuse(f'space[{parameter.name!r}].when', other, allowed, 'values of a '
                                 f'parameter before it ({", ".join(known) or "there is none"})')
            known[parameter.name] = parameter

    def complete(self, choose: Callable[[Parameter], Any]) -> Values:
        """Values of all parameters that apply, each chosen by ``choose(parameter)``."""
        values: Values = {}
        for parameter in self.parameters:
            if parameter.takes_part(values):
                values[parameter.name] = choose(parameter)
        return values

    def grid(self) -> list[Values]:
        """All combinations, the last parameter changing fastest.

        Raises:
            ValueError: A parameter is a range, or there are more than ``MOST_TRIALS``.
        """
        points: list[Values] = [{}]
        for parameter in self.parameters:
            if not parameter.choices:
                raise ValueError(f'space[{parameter.name!r}] is a range ({parameter.kind}); a grid '
                                 'needs values: list some, or choose another sampler')
            points = list(islice((
                {**point, **more} for point in points for more in (
                    [{parameter.name: value} for value in parameter.choices]
                    if parameter.takes_part(point) else [{}])), MOST_TRIALS + 1))
            if len(points) > MOST_TRIALS:
                raise ValueError(f'space: the grid has more than {MOST_TRIALS} points; list fewer '
                                 'values, or choose another sampler')
        return points

    def examples(self) -> Iterator[Values]:
        """Complete sets, one with each value of each parameter (the two ends of a range)."""
        for chosen in self.parameters:
            for value in chosen.examples():
                wanted = {other: allowed[0] for other, allowed in chosen.when.items()}
                wanted[chosen.name] = value
                yield self.complete(
                    lambda one, wanted=wanted: wanted.get(one.name, one.examples()[0]))

    def check_values(self, where: str, values: Mapping[str, Any]) -> None:
        """Raise a ValueError, which begins with ``where``, for wrong or missing values."""
        def given(parameter: Parameter) -> Any:
            name = parameter.name
            if name not in values:
                raise ValueError(f'{where}: no value of {name}, expected one of each parameter of '
                                 'the space that applies')
            if not parameter.contains(values[name]):
                raise refuse(where, name, values[name], 'a value of the space: '
                             f'{", ".join(map(str, parameter.examples()))}')
            return values[name]
        self.complete(given)
        known = [parameter.name for parameter in self.parameters]
        if unknown := set(values) - set(known):
            raise refuse(where, 'parameters', unknown, f'those of the space: {", ".join(known)}')
