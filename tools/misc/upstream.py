"""Run one of mmpretrain's or mmdet's own tools, from any folder, on this project's configs.

    python tools/misc/upstream.py mmpretrain analysis_tools/analyze_results.py CONFIG preds.pkl \
        --out-dir DIR

They lie in the installed packages, do not find this project, and mmdet's need mmcv's compiled
operators, which importing plugins replaces. plugins/README.md says which of them work.
"""
import argparse
import runpy
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import plugins  # noqa: F401
from plugins.engine.command_line import Parser, run
from plugins.engine.wording import near


def main(argv: Sequence[str] | None = None) -> None:
    """Run the tool; SystemExit and errors are its own."""
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('package', choices=('mmpretrain', 'mmdet'))
    parser.add_argument('tool', metavar='TOOL', help='its path below the tools of the package')
    parser.add_argument('arguments', nargs=argparse.REMAINDER, help='what it is given')
    args = parser.parse_args(argv)
    root = Path(find_spec(args.package).origin).parent / '.mim/tools'
    tools = {path.relative_to(root).as_posix(): path for path in sorted(root.rglob('*.py'))}
    if args.tool not in tools:
        parser.error(f'{args.package} has no tool {args.tool}{near(args.tool, list(tools))}')
    sys.argv = [str(tools[args.tool]), *args.arguments]
    runpy.run_path(sys.argv[0], run_name='__main__')


if __name__ == '__main__':
    run(main)
