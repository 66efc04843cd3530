"""Write converted weights (shared by the converters)."""
import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from plugins.engine.files import check_file, replacing
from plugins.engine.plain_values import plain


def add_destination(parser: argparse.ArgumentParser) -> None:
    """Add DST and --overwrite to a converter's command line."""
    parser.add_argument('dst', type=Path, metavar='DST.pth')
    parser.add_argument('--overwrite', action='store_true', help='replace DST if it exists')


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line, and reject a wrong DST before anything is read.

    Raises:
        FileExistsError: DST exists and --overwrite is not given.
        OSError: DST cannot be a file, see check_file.
        ValueError: DST has a suffix that no tool recognises.
    """
    args = parser.parse_args(argv)
    if args.dst.suffix != '.pth':
        raise ValueError(f'{args.dst}: expected a name that ends in .pth')
    check_file(args.dst, overwrite=args.overwrite)
    return args


def write_checkpoint(checkpoint: dict[str, Any], dst: Path) -> None:
    """Write DST completely or not at all."""
    with replacing(dst) as partial:
        torch.save(plain(checkpoint), partial)
