"""Write converted weights (shared by the converters)."""
import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from plugins.engine.files import check_file, checksum, replacing
from plugins.engine.plain_values import plain
from plugins.engine.wording import some


def parse(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse a converter's command line, which ends in DST and may have --overwrite.

    Raises:
        OSError: DST exists, and --overwrite is not given, or cannot be written, see check_file.
        ValueError: DST has a suffix that no tool recognises.
    """
    parser.add_argument('dst', type=Path, metavar='DST.pth')
    parser.add_argument('--overwrite', action='store_true', help='replace DST if it exists')
    args = parser.parse_args(argv)
    if args.dst.suffix != '.pth':
        raise ValueError(f'{args.dst}: expected a name that ends in .pth')
    check_file(args.dst, overwrite=args.overwrite)
    return args


def write_checkpoint(dst: Path, state: Mapping[str, torch.Tensor], src: str | Path,
                     **meta: Any) -> None:
    """Write DST completely or not at all; its ``meta`` names SRC, with the SHA-256 of a file.

    A kernel with one value everywhere, as in a file of zeros, is a ValueError.
    """
    if flat := [name for name, tensor in state.items() if tensor.dim() > 1 < tensor.numel()
                and tensor.min() == tensor.max()]:
        raise ValueError(f'{src}: found one value everywhere in {some(flat, most=3)}, expected '
                         'trained weights; download the file again')
    meta['source'] = Path(src).name
    if Path(src).is_file():
        meta['source_sha256'] = checksum(Path(src))
    with replacing(dst) as partial:
        torch.save(plain({'state_dict': state, 'meta': meta}), partial)
