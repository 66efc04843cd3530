"""List the published models of a zoo, or fetch one.

    python tools/misc/zoo.py list
    python tools/misc/zoo.py get NAME         # prints the path of the verified file

The zoo is the folder or URL in MMTRANSFER_ZOO, else work_dirs/zoo. Tools that take NAME fetch it
themselves.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, run
from plugins.engine.files import shown_path
from plugins.engine.zoo import fetch, published_models, zoo_place


def main(argv: Sequence[str] | None = None) -> dict[str, Any] | Path:
    """List or fetch; return the entries by name, or the path.

    Raises:
        OSError, ValueError: See :func:`plugins.engine.zoo.fetch`.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    commands = parser.add_subparsers(dest='command', required=True)
    commands.add_parser('list', help='list all models')
    commands.add_parser('get', help='fetch a model').add_argument('name', metavar='NAME')
    args = parser.parse_args(argv)
    if args.command == 'get':
        path = fetch(args.name)
        print(shown_path(path, Path.cwd()))
        return path
    models = published_models()
    for name, entry in models.items():
        print(name, *(f'{result.get("Task")}: ' + ', '.join(
            f'{metric} {value:g}' for metric, value in (result.get('Metrics') or {}).items())
            for result in entry.get('Results') or ()), sep='\n    ')
    print(f'{len(models)} in {zoo_place()} and in configs/*/metafile.yml')
    return models


if __name__ == '__main__':
    run(main)
