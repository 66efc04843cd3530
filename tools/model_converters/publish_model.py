"""Publish a trained model: one file with weights, config and classes, and a model card beside it.

    python tools/model_converters/publish_model.py RUN            # or a checkpoint in it
    python tools/model_converters/publish_model.py CONFIG CHECKPOINT --data-licence "CC BY 4.0"
    python tools/predict.py NAME picture.jpg                      # here, or where the zoo is

The optimizer's state, the training's weights beside averaged ones and the log stay behind. The file
goes into a folder of its own in the zoo, --out-dir, whose metafile.yml lists it: copy the zoo, or
serve it, and set MMTRANSFER_ZOO to its place.
"""
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine import command_line
from plugins.engine.files import shown_path
from plugins.engine.records import KFOLD_RECORD, RECORD
from plugins.engine.run_reader import read_folds, read_run, run_parts
from plugins.engine.zoo import VARIABLE, zoo_place


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Publish, and return the card.

    Raises:
        OSError: A file is missing or cannot be written.
        ValueError: The zoo has the name already, or see ``plugins.apis.load.load_model``.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    command_line.add_trained(parser)
    parser.add_argument('--out-dir', type=Path, help='the zoo; default: the folder MMTRANSFER_ZOO, '
                        'else work_dirs/zoo')
    parser.add_argument('--name', help="the model's name in the zoo; default: that of its config")
    parser.add_argument('--data-licence', default='', help='licence of the data, for the card')
    parser.add_argument('--safetensors', action='store_true', help='write this format, too')
    command_line.add_model_options(parser, device=False)
    args = command_line.parse_trained(parser, argv, whole=('.pth',))
    if args.config == args.checkpoint:  # of a run, in its work dir
        args.config, _, options = run_parts(args.checkpoint.parent, args.trust_checkpoint)
        args.cfg_options = [*options, *args.cfg_options]
    if not args.out_dir and '://' in zoo_place():
        parser.error(f'--out-dir is missing: MMTRANSFER_ZOO is a URL, {zoo_place()}')
    from plugins.apis.load import load_model
    from plugins.apis.publish import facts, publish

    trained = load_model(args.config, args.checkpoint, 'cpu', args.cfg_options,
                         args.trust_checkpoint)
    folder = args.checkpoint.parent
    record = read_run(folder) if (folder / RECORD).is_file() else None
    if record and (Path(record.trained.get('checkpoint') or '').name, record.trained['config'],
                   record.trained.get('options') or []) != (
            args.checkpoint.name, shown_path(args.config), args.cfg_options):
        record = None  # which is about other weights, or with them about another model
    elif record and not record.tested and (folder / KFOLD_RECORD).is_file():
        record = replace(record, tested=read_folds(folder).tested)
    card = facts(trained, record, args.data_licence)
    card['name'] = args.name or card['name']
    zoo = args.out_dir or Path(zoo_place())
    made = publish(trained, card, zoo, args.safetensors)
    size = (made / f'{made.name}.pth').stat().st_size
    print(f'{made}: {size / 1e6:.2f} MB, was {args.checkpoint.stat().st_size / 1e6:.2f} MB')
    there = '' if zoo == Path(zoo_place()) else f'{VARIABLE}={shlex.quote(str(zoo))} '
    print(f'{there}python tools/predict.py {card["name"]} PICTURE_OR_FOLDER')
    return card


if __name__ == '__main__':
    command_line.run(main)
