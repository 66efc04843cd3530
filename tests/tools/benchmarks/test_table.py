import io

from rich.console import Console

from tools.benchmarks.record import STAGES, Case, Figure
from tools.benchmarks.table import print_case


def printed(case: Case) -> str:
    console = Console(file=io.StringIO(), width=120)
    print_case(case, console)
    return console.file.getvalue()


def test_ratios_are_to_bare_and_to_the_fastest_stock():
    case = Case('toy', 'a recipe', images=64, samples={
        'ours': [.020], 'stock, 0 workers': [.060], 'stock, 2 workers': [.050], 'bare': [.019]})
    case.figures = [Figure('ours / bare', .95, .95), Figure('slow', 9., 8., at_least=False)]
    case.split = dict.fromkeys(STAGES, .005)
    text = printed(case)
    rows = {line.split('│')[1].strip(): [cell.strip() for cell in line.split('│')[2:-1]]
            for line in text.splitlines() if line.startswith('│')}
    assert rows['ours'] == ['20', '20-20', '3,200', '0.95', '2.50']
    assert rows['stock, 2 workers'][-1] == '1.00'
    assert rows['ours / bare'][-2:] == ['>= 0.95', 'yes'] and rows['slow'][-2:] == ['<= 8', 'no']
    assert rows['5.00'] == ['5.00'] * 5 and rows['17 %'] == ['17 %'] * 5


def test_a_case_without_bare_has_no_such_column():
    assert 'bare' not in printed(Case('toy', '', {'10': [1.], '100': [2.]}))
