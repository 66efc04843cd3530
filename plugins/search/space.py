"""Which config keys a search changes, and to what."""
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from numbers import Real
from typing import Any

_KINDS = {'categorical': {'values', 'key', 'when'}, 'choices': {'choices', 'when'},
          'uniform': {'low', 'high', 'key', 'when'}, 'log_uniform': {'low', 'high', 'key', 'when'},
          'int': {'low', 'high', 'step', 'key', 'when'}}
Values = dict[str, Any]  # one value for each parameter that takes part


@dataclass(frozen=True)
class Parameter:
    """One thing that a search varies.

    Optuna's parameters have a name and a value; here a value is also what a
    config's keys become, so that no search needs code of its own.

    Attributes:
        name: As tables and pictures call it.
        kind: ``categorical``, ``choices``, ``uniform``, ``log_uniform`` or ``int``.
        values: The values, or their names; empty for a range.
        settings_of: For each of ``values``, the dotted keys it sets, each with its value.
        keys: The dotted keys that a range sets.
        low: Least value of a range; ``high`` is its greatest, ``step`` (int) its grid.
        when: Other parameters, and at which of their values this one takes part.
    """

    name: str
    kind: str
    values: tuple[Any, ...] = ()
    settings_of: tuple[Mapping[str, Any], ...] = ()
    keys: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    step: int = 1
    when: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def settings(self, value: Any) -> dict[str, Any]:
        """The dotted keys of the config, and what they become at this value."""
        if self.values:
            return dict(self.settings_of[self.values.index(value)])
        return dict.fromkeys(self.keys, value)

    def examples(self) -> tuple[Any, ...]:
        """All values; of a range, its ends."""
        return self.values or (self.low, self.high)

    def contains(self, value: Any) -> bool:
        """Whether the search could have chosen this value."""
        if self.values:
            return value in self.values
        if not _is_number(value) or not self.low <= value <= self.high:
            return False
        return self.kind != 'int' or (isinstance(value, int)
                                      and (value - self.low) % self.step == 0)

    def takes_part(self, values: Values) -> bool:
        """Whether it does, given the values of the parameters before it."""
        return all(values.get(other) in allowed for other, allowed in self.when.items())

    def suggest(self, trial: Any) -> Any:
        """Let Optuna choose a value for one of its trials."""
        if self.values:
            return trial.suggest_categorical(self.name, self.values)
        if self.kind == 'int':
            return trial.suggest_int(self.name, self.low, self.high, step=self.step)
        return trial.suggest_float(self.name, self.low, self.high, log=self.kind == 'log_uniform')


def parse_parameter(name: str, entry: Any) -> Parameter:
    """Read one entry of a search config's ``space``.

    Args:
        name: Its key. It is the dotted key to change as well, unless ``key`` names one or several.
        entry: A list of values; or a dict with ``type``:

            - ``categorical``: ``values``, a list, or ``{name: value}`` where a value is no plain
              word or number;
            - ``choices``: ``choices={name: {dotted key: value, ...}, ...}``;
            - ``uniform``, ``log_uniform``: ``low``, ``high``; ``int``: also ``step``.

            Each may have ``when={parameter: [values]}``. A value that is a dict replaces the group
            of keys. A key with ``+`` in front is added, as in ``--cfg-options``.

    Raises:
        ValueError: Names the entry, what was found and what was expected.
    """
    where = f'space[{name!r}]'
    if isinstance(entry, list | tuple):
        entry = dict(type='categorical', values=entry)
    if not isinstance(entry, Mapping) or entry.get('type') not in _KINDS:
        raise ValueError(f'{where} is {entry!r}, expected a list of values, or a dict whose type '
                         f'is one of {", ".join(_KINDS)}')
    kind = entry['type']
    for key in set(entry) - _KINDS[kind] - {'type'}:
        near = get_close_matches(key, _KINDS[kind], n=1, cutoff=0)
        raise ValueError(f'{where} has {key!r}, which {kind} does not read; is {near[0]} meant?')
    key = entry.get('key', name)
    keys = tuple(key) if isinstance(key, list | tuple) else (key,)
    when = _when(where, entry.get('when', {}))
    if kind in ('categorical', 'choices'):
        names, settings = _choices(where, entry, keys)
        return Parameter(name, kind, names, settings, when=when)
    low, high, step = entry.get('low'), entry.get('high'), entry.get('step', 1)
    _check_range(where, kind, low, high, step)
    return Parameter(name, kind, keys=keys, low=low, high=high, step=step, when=when)


def _when(where: str, given: Any) -> dict[str, list[Any]]:
    if not isinstance(given, Mapping) or not all(isinstance(allowed, list | tuple) and allowed
                                                 for allowed in given.values()):
        raise ValueError(f'{where}.when is {given!r}, expected {{parameter: [values]}}')
    return {other: list(allowed) for other, allowed in given.items()}


def _choices(where: str, entry: Mapping[str, Any], keys: Sequence[str]) -> tuple[tuple, tuple]:
    field_name = 'values' if entry['type'] == 'categorical' else 'choices'
    given = entry.get(field_name)
    if not given:
        raise ValueError(f'{where} has no {field_name}: there is nothing to search. Give some, or '
                         'take the parameter out')
    if entry['type'] == 'choices':
        if not isinstance(given, Mapping) or not all(isinstance(v, Mapping)
                                                     for v in given.values()):
            raise ValueError(f'{where}.choices is {given!r}, expected {{name: {{dotted key: '
                             'value}}}}')
        return tuple(given), tuple(dict(settings) for settings in given.values())
    if isinstance(given, Mapping):
        return tuple(given), tuple(dict.fromkeys(keys, value) for value in given.values())
    if not isinstance(given, list | tuple):
        raise ValueError(f'{where}.values is {given!r}, expected a list')
    for value in given:
        if not (value is None or isinstance(value, str | int | float)):
            raise ValueError(f'{where}: the value {value!r} needs a name, as no database holds it: '
                             "write dict(type='categorical', values={'a name': value})")
    if len(set(given)) < len(given):
        raise ValueError(f'{where}: {list(given)} has a value twice')
    return tuple(given), tuple(dict.fromkeys(keys, value) for value in given)


def _check_range(where: str, kind: str, low: Any, high: Any, step: Any) -> None:
    if not (_is_number(low) and _is_number(high) and low < high):
        raise ValueError(f'{where}: low={low!r}, high={high!r}, expected two numbers, low < high')
    if kind == 'log_uniform' and low <= 0:
        raise ValueError(f'{where}: low={low!r}, expected more than 0 for a logarithmic range')
    if kind == 'int' and not all(isinstance(n, int) and not isinstance(n, bool)
                                 for n in (low, high, step)):
        raise ValueError(f'{where}: low={low!r}, high={high!r}, step={step!r}, expected whole '
                         'numbers')
    if kind == 'int' and not 1 <= step <= high - low:
        raise ValueError(f'{where}: step={step!r}, expected 1 to {high - low}')


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


class Space:
    """All parameters of a search, in order: what they set later, wins.

    Args:
        entries: See :func:`parse_parameter`.

    Raises:
        ValueError: No parameters, a wrong one, or a ``when`` that names none before it.
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        if not entries:
            raise ValueError('space is empty: there is nothing to search')
        self.parameters = [parse_parameter(name, entry) for name, entry in entries.items()]
        known: dict[str, Parameter] = {}
        for parameter in self.parameters:
            for other, allowed in parameter.when.items():
                wrong = other not in known or [v for v in allowed if not known[other].contains(v)]
                if wrong:
                    raise ValueError(
                        f'space[{parameter.name!r}].when: {other}={allowed!r}, expected values of '
                        f'a parameter before it ({", ".join(known) or "there is none"})')
            known[parameter.name] = parameter

    def settings(self, values: Values) -> dict[str, Any]:
        """The dotted keys of the config, and what they become."""
        merged: dict[str, Any] = {}
        for parameter in self.parameters:
            if parameter.name in values:
                for key, value in parameter.settings(values[parameter.name]).items():
                    merged.pop(key, None)  # to the end: what is set later, wins
                    merged[key] = value
        return merged

    def suggest(self, trial: Any) -> Values:
        """Let Optuna choose the values of one of its trials."""
        values: Values = {}
        for parameter in self.parameters:
            if parameter.takes_part(values):
                values[parameter.name] = parameter.suggest(trial)
        return values

    def grid(self) -> list[Values]:
        """All combinations, the last parameter changing fastest.

        Raises:
            ValueError: A parameter is a range.
        """
        for parameter in self.parameters:
            if not parameter.values:
                raise ValueError(f'space[{parameter.name!r}] is a range ({parameter.kind}); a grid '
                                 'needs values: list some, or choose another sampler')
        points: list[Values] = [{}]
        for parameter in self.parameters:
            points = [{**point, **more} for point in points for more in (
                [{parameter.name: value} for value in parameter.values]
                if parameter.takes_part(point) else [{}])]
        return points

    def examples(self) -> Iterator[tuple[Parameter, Any, Values]]:
        """Each value of each parameter once, within a whole set of values, to be checked."""
        for parameter in self.parameters:
            for value in parameter.examples():
                yield parameter, value, self._around(parameter, value)

    def _around(self, chosen: Parameter, value: Any) -> Values:
        wanted = {other: allowed[0] for other, allowed in chosen.when.items()}
        wanted[chosen.name] = value
        values: Values = {}
        for parameter in self.parameters:
            if parameter.takes_part(values):
                values[parameter.name] = wanted.get(parameter.name, parameter.examples()[0])
        return values

    def check_values(self, where: str, values: Mapping[str, Any], complete: bool) -> None:
        """Refuse values, given by hand, that the search itself could not choose.

        Args:
            where: Names them in errors.
            values: Some or all parameters.
            complete: Whether all that take part must be there.

        Raises:
            ValueError: See above.
        """
        names = [parameter.name for parameter in self.parameters]
        for name in set(values) - set(names):
            near = get_close_matches(name, names, n=1, cutoff=0)
            raise ValueError(f'{where} has {name!r}, which is not in the space; the nearest there '
                             f'is {near[0]}')
        for parameter in self.parameters:
            there = parameter.name in values
            if there and not parameter.contains(values[parameter.name]):
                raise ValueError(
                    f'{where}: {parameter.name}={values[parameter.name]!r} is not in the space '
                    f'({", ".join(map(str, parameter.examples()))}); add it there')
            if there and not parameter.takes_part(dict(values)):
                raise ValueError(f'{where}: {parameter.name} takes no part there; it needs '
                                 f'{dict(parameter.when)}')
            if complete and not there and parameter.takes_part(dict(values)):
                raise ValueError(f'{where} lacks {parameter.name}, which a grid needs')
