"""From a folder of your own pictures to a trained model, and an honest figure of how good it is.

    python tools/own_data.py FOLDER              # one folder a class, in it or in train/ and test/
    python tools/own_data.py TABLE.csv           # or columns file and label
    python tools/own_data.py FOLDER --quick      # only what learns on features computed once

It checks the pictures, writes configs, cross-validates each recipe, trains the cheapest one that is
not worse than another on all pictures, and publishes it. Pictures in test/ are used once, at the
end. Run the same command again to continue.
"""
import argparse
import re
import shlex
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine import command_line
from plugins.engine.files import REPO_ROOT, shown_path, write_json
from plugins.engine.records import KFOLD_RECORD, RECORD, TEST_FOLDER, read_record
from plugins.engine.run_reader import read_folds
from plugins.engine.wording import counted, some

if TYPE_CHECKING:
    from plugins.classification.own_images import OwnImages

_RECIPES = ('linear', 'fc', 'finetune', 'scratch')  # in order of cost
_FEW = 5  # pictures of a class
_MISLABELLED = 0.01  # share of pictures up to which figures hardly suffer
_TOP1 = 'accuracy/top1'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before torch is imported, so that errors are reported at once."""
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('images', metavar='FOLDER', type=command_line.file_or_run,
                        help='folder of class folders, or CSV file')
    parser.add_argument('--out', type=Path, metavar='DIR', help='where everything is written; '
                        'default work_dirs/own/<name of the folder>')
    parser.add_argument('--quick', action='store_true', help='the recipes linear and fc')
    parser.add_argument('--recipes', nargs='+', choices=_RECIPES, metavar='RECIPE',
                        help=f'which to compare, of {", ".join(_RECIPES)} (default: all)')
    parser.add_argument('--folds', type=command_line.folds, default=5,
                        help='folds of the cross-validation (default: %(default)s)')
    parser.add_argument('--seed', type=command_line.seed, default=0, help='default: %(default)s')
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    args = parser.parse_args(argv)
    if args.quick and args.recipes:
        parser.error('--quick chooses the recipes: leave --recipes out')
    chosen = args.recipes or _RECIPES[:2 if args.quick else None]
    args.recipes = [name for name in _RECIPES if name in chosen]  # the cheapest is recommended
    args.images = args.images.resolve()
    args.title = args.images.stem if args.images.is_file() else args.images.name
    args.out = (args.out or REPO_ROOT / 'work_dirs/own' / args.title).absolute()
    letters = normalize('NFKD', args.title).encode('ascii', 'ignore').decode()
    args.name = re.sub(r'\W+', '-', letters).strip('-_') or 'own'  # also in addresses
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Do all of it, and return the winner's cross-validation, as ``kfold.json`` holds it.

    Raises:
        OSError: A file cannot be read or written.
        ValueError: The pictures cannot be used; the message says why and what to do.
    """
    args = parse_args(argv)
    from plugins.classification.cross_validation import Folds, cross_validate
    from plugins.classification.own_images import find_images, write_configs, write_winner
    from plugins.engine.intervals import shown_interval
    from plugins.engine.quiet import quiet
    from plugins.engine.result_table import print_table
    from plugins.engine.session import load_config
    from plugins.report.verdicts import recommended, verdicts
    from plugins.visualization.run_pictures import write_pictures
    from tools import report, test, train
    from tools.model_converters import publish_model

    start, flags, configs = time.monotonic(), ['--amp'] * args.amp, args.out / 'configs'
    own = find_images(args.images)
    recipes = write_configs(own, configs, args.folds, args.seed, _checked(own))
    print(f'Configs: {shown_path(configs)}')
    dealt = load_config(str(recipes[args.recipes[0]])).train_dataloader.dataset.folds
    folds = Folds(dealt.number, 1, dealt.seed, dealt.get('groups'))
    records = {}
    for place, name in enumerate(args.recipes, 1):
        print(f'\n== {place} of {len(args.recipes)}: {name}')
        records[name] = cross_validate(recipes[name], args.out / name, folds, train.main,
                                       test.main, flags=flags)
        write_pictures(records[name], args.out / name)
    print_table(('recipe', 'accuracy (95 % interval)', 'seconds', 'trained parameters'), (
        (name, shown_interval(one['metrics'][_TOP1], one['intervals'][_TOP1]),
         f'{one["seconds"]:.0f}', f'{one["parameters"]["trainable"]:,}') for name, one in sorted(
            records.items(), key=lambda item: -item[1]['metrics'][_TOP1])),
        f'{len(own.labelled)} pictures, each tested once by a model not trained on it')
    runs = [replace(read_folds(args.out / name), name=name) for name in records]
    best = recommended(runs)
    print(*verdicts(runs), f'Recommended: {best}, the cheapest that is not worse', sep='\n')

    name = f'{args.name}-{best}'
    model, config = args.out / f'{best}-all', write_winner(own, recipes[best], name)
    print(f'\n== {best}, on all pictures')
    if not (model / RECORD).is_file():
        with quiet(args.out / f'{model.name}.log'):
            train.main([str(config), '--work-dir', str(model), '--resume', *flags,
                        '--seed', str(args.seed)])
    checkpoint = model / Path(read_record(model / RECORD, None, 'checkpoint')['checkpoint']).name
    if own.test_source:
        with quiet(args.out / f'{model.name}.test.log'):
            test.main([str(config), str(checkpoint)])
        tested = read_record(model / TEST_FOLDER / RECORD, None, 'metrics', 'intervals')
        print('held-out test images: accuracy '
              + shown_interval(tested['metrics'][_TOP1], tested['intervals'][_TOP1]))
    write_json(model / KFOLD_RECORD, records[best])
    zoo = args.out / 'published'
    if not (published := [*zoo.glob(f'{name}_*/*.pth')]):
        with quiet(args.out / 'publish.log'):
            publish_model.main([str(config), str(checkpoint), '--out-dir', str(zoo)])
        published = [*zoo.glob(f'{name}_*/*.pth')]
    page = args.out / 'report.html'
    with quiet(args.out / 'report.log'):
        report.main([str(args.out), '-o', str(page), '--overwrite', '--title',
                     f'{args.title}: {best} is recommended, the cheapest that is not worse'])
    print(f'Page: {shown_path(page)}\nAll in {time.monotonic() - start:.0f} s. Predict:\n'
          f'python tools/predict.py {shlex.quote(shown_path(published[0]))} PICTURE_OR_FOLDER')
    return records[best]


def _checked(own: 'OwnImages') -> list[list[str]]:
    """Read every picture; ValueError if some are unusable. Returns groups of equal pictures."""
    from plugins.classification.datasets.source import new_source
    from tools.misc.check_dataset import duplicates, examine, look_alikes

    source = own.labelled
    learnt = list(examine('all', source))
    pictures = [*learnt, *(examine('test', new_source(own.test_source)) if own.test_source else ())]
    if broken := [f'{one.name} ({one.pixels})' for one in pictures if one.size is None]:
        raise ValueError(f'{own.place}: {len(broken)} of {len(pictures)} pictures cannot be read: '
                         f'{some(broken, most=3)}; replace or remove them')
    same = duplicates(learnt)
    for what, allowed in (('with different labels', _MISLABELLED), ('in different parts', 0)):
        wrong = [' = '.join(one.names) for one in duplicates(pictures) if what in one.kind]
        if len(wrong) > allowed * len(pictures):
            raise ValueError(f'{own.place}: the same picture {what}: '
                             f'{some(wrong, most=3)}; keep one of each')
    for one in same:
        print(f'Warning: {one.kind}, so always in one fold: {", ".join(one.names)}')
    for names in look_alikes(source.classes):
        print(f'Warning: class names that look alike: {", ".join(names)}')
    counts = Counter(source.classes[label] for label in source.labels)
    if few := [f'{name} ({number})' for name, number in counts.items() if number < _FEW]:
        print(f'Warning: hardly any pictures of {some(few)}; its figures are guesses')
    print(f'{counted(len(source), "picture")} of {len(source.classes)} classes, '
          f'{min(counts.values())} to {max(counts.values())} each')
    return [list(one.names) for one in same]


if __name__ == '__main__':
    command_line.run(main)
