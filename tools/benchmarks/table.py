"""Cases as tables for people."""
import statistics
from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

from .record import STAGES, Case, Figure
from .timing import fastest


def print_case(case: Case, console: Console) -> None:
    """Print a case: its variants, its figures with their targets, and the split of ours."""
    console.print(f'[bold]{case.name}[/bold]: {case.what}', highlight=False)
    if case.samples:
        console.print(_variants(case))
    if case.figures:
        console.print(_figures(case.figures))
    if case.split:
        console.print(_split(case.split))
    for name, fact in {**case.checks, **case.facts}.items():
        console.print(f'{name}: {fact}', highlight=False)
    console.print()


def _variants(case: Case) -> Table:
    references = {head: [name for name in case.samples if name.partition(',')[0] == head]
                  for head in ('bare', 'stock')}
    references = {head: names for head, names in references.items() if names}
    columns = ['median ms', 'range', *(['images/s'] if case.images else []),
               *(f'x {head}' for head in references)]
    table = Table(Column('variant', overflow='fold'),
                  *(Column(head, justify='right', no_wrap=True) for head in columns))
    for name, seconds in case.samples.items():
        median = statistics.median(seconds)
        row = [_number(1e3 * median),
               f'{_number(1e3 * min(seconds))}-{_number(1e3 * max(seconds))}']
        row += [_number(case.images / median)] if case.images else []
        row += [f'{statistics.median(case.samples[fastest(case.samples, names)]) / median:.2f}'
                for names in references.values()]
        table.add_row(name, *row)
    return table


def _figures(figures: Sequence[Figure]) -> Table:
    table = Table('figure', *(Column(head, justify='right', no_wrap=True)
                              for head in ('found', 'range', 'target', 'met')))
    for figure in figures:
        sign = '>=' if figure.at_least else '<='
        table.add_row(
            figure.name, f'{figure.value:.3g}',
            '' if figure.range is None else f'{figure.range[0]:.3g}-{figure.range[1]:.3g}',
            '' if figure.target is None else f'{sign} {figure.target:g}',
            {True: 'yes', False: 'no', None: ''}[figure.met])
    return table


def _split(split: dict[str, float]) -> Table:
    total = sum(split.values())
    table = Table(*(Column(stage, justify='right') for stage in STAGES), title='ours: ms a step',
                  title_justify='left')
    table.add_row(*(f'{1e3 * split[stage]:.2f}' for stage in STAGES))
    table.add_row(*(f'{100 * split[stage] / total:.0f} %' for stage in STAGES))
    return table


def _number(value: float) -> str:
    return f'{value:,.0f}' if value >= 100 else f'{value:.3g}'
