
from plugins.engine.result_table import print_classes, print_confusions, print_result


def figures(accuracy, images=10):
    return dict(images=images, accuracy=accuracy, recall=accuracy, precision=50., f1=25.)


def table(capsys):
    """The printed rows as lists of cells."""
    return [[cell.strip() for cell in line.strip('│').split('│')]
            for line in capsys.readouterr().out.splitlines() if line.startswith('│')]


def test_classes_follow_the_figures_of_the_run(capsys):
    name = f"configs/{'long-' * 30}name.py"
    result = dict(config=name, mode='test', split='train', metrics={'loss': 0.12345},
                  seconds=1., parameters=dict(total=24197, trainable=24197), seed=0,
                  precision='float32', device='a CPU', processes=1, checkpoint=f'{name}.pth')
    print_result(result)
    printed = capsys.readouterr().out
    assert f'{name}\n' in printed and f'Checkpoint: {name}.pth\n' in printed
    assert 'Classes' not in printed
    print_result(dict(result, classes={'[/b] :cat:': figures(90.), 'dog': figures(80.)}))
    rows = table(capsys)
    assert ['train loss', '0.1235'] in rows
    assert rows[-2:] == [['[/b] :cat:', '10', '90.0', '50.0', '25.0'],
                         ['dog', '10', '80.0', '50.0', '25.0']]


def test_of_many_classes_the_ten_worst_are_shown(capsys):
    blank = dict(images=0, accuracy=None, precision=None, recall=None, f1=None)
    print_classes(dict(dog=blank, owl=blank,
                       **{f'class {k}': figures(100. - 4 * k) for k in range(21)}), 'test')
    printed = capsys.readouterr().out
    assert 'The 10 worst of 21 classes, test images' in printed
    assert 'No images of dog, owl: left out of all means.' in printed
    assert 'All classes are in result.json' in printed
    names = [line.split('│')[1].strip() for line in printed.splitlines() if '│ class ' in line]
    assert names == [f'class {k}' for k in range(20, 10, -1)]


def test_the_most_frequent_confusions_are_named(capsys):
    print_confusions(['cat', 'dog', 'owl'], [[7, 3, 0], [1, 0, 5], [0, 0, 0]])
    assert capsys.readouterr().out.splitlines() == [
        '5 of 6 images of dog taken for owl', '3 of 10 images of cat taken for dog',
        '1 of 6 images of dog taken for cat']
    print_confusions([f'{k}' for k in range(6)], [[9 - k] * 6 for k in range(6)])
    assert capsys.readouterr().out.splitlines()[3:] == [
        '9 of 54 images of 0 taken for 4', '9 of 54 images of 0 taken for 5']
