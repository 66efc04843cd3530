"""Print tables of figures, and a run's record as such."""
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from .intervals import shown_interval

LONGEST_CLASS_TABLE = 20
WORST = 10
MOST_CONFUSED = 5


def print_result(result: dict[str, Any]) -> None:
    """Print the metrics, settings and classes in ``result.json``."""
    table = Table(show_header=False)
    table.add_column()
    table.add_column(overflow='fold')
    where = f" of epoch {result['best_epoch']}" if result.get('best_epoch') else ''
    for name, value in result['metrics'].items():
        ends = result.get('intervals', {}).get(name)
        table.add_row(f"{result['split']} {name}{where}", f'{value:.4g}' if not ends else
                      f'{shown_interval(value, ends, name)}, 95 % interval')
    if result['mode'] == 'train':
        table.add_row('epochs', str(result['epochs']))
    table.add_row('seconds', f"{result['seconds']:.1f}")
    total, trainable = result['parameters'].values()
    table.add_row('parameters', f'{total:,} ({trainable:,} trainable)')
    table.add_row('seed, precision', f"{result['seed']}, {result['precision']}")
    table.add_row('device', f"{result['device']}, {result['processes']} process(es)")
    console = Console(markup=False, emoji=False)
    print(result['config'])
    console.print(table)
    if result.get('checkpoint'):
        print(f"Checkpoint: {result['checkpoint']}")
    if result.get('classes'):
        print_classes(result['classes'], result['split'])
        print_confusions(list(result['classes']), result.get('confusion_matrix') or ())
    for warning in result.get('warnings', ()):
        console.print(f'Warning: {warning}', style='bold', highlight=False, soft_wrap=True)


def print_table(heads: Sequence[str], rows: Iterable[Sequence[str]], title: str,
                total: Sequence[str] = ()) -> None:
    """Print names, which may be folded, with their figures; ``total`` is a last row, set apart."""
    table = Table(Column(heads[0], overflow='fold'),
                  *(Column(head, justify='right', no_wrap=True) for head in heads[1:]),
                  title=title, title_justify='left')
    for row in rows:
        table.add_row(*row)
    if total:
        table.add_section()
        table.add_row(*total, style='bold')
    Console(markup=False, emoji=False).print(table)


def print_classes(classes: dict[str, dict[str, Any]], split: str) -> None:
    """Print the figures per class, in %; if there are many, only of those with low accuracy."""
    tested = {name: figures for name, figures in classes.items() if figures['images']}
    title = f'Classes, {split} images, %'
    shown = list(tested)
    if len(tested) > LONGEST_CLASS_TABLE:
        shown = sorted(tested, key=lambda name: tested[name]['accuracy'])[:WORST]
        title = f'The {WORST} worst of {len(tested)} classes, {split} images, %'
    print_table(('class', 'images', 'accuracy (recall)', 'precision', 'F1'), (
        (name, str(tested[name]['images']), *(
            f'{tested[name][key]:.1f}' for key in ('accuracy', 'precision', 'f1')))
        for name in shown), title)
    if len(shown) < len(tested):
        print('All classes are in result.json.')
    if missing := [name for name in classes if name not in tested]:
        print(f'No images of {", ".join(missing)}: left out of all means.')


def print_confusions(classes: Sequence[str], matrix: Sequence[Sequence[int]]) -> None:
    """Print the most frequent confusions of a matrix (row: true class, column: predicted)."""
    wrong = [(-number, i, j) for i, row in enumerate(matrix) for j, number in enumerate(row)
             if number and i != j]
    for number, i, j in sorted(wrong)[:MOST_CONFUSED]:
        print(f'{-number} of {sum(matrix[i])} images of {classes[i]} taken for {classes[j]}')
