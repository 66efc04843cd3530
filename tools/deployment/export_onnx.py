"""Export a trained model to ONNX, with its preprocessing and, for a detector, its NMS.

    python tools/deployment/export_onnx.py RUN --out model.onnx   # or CONFIG CHECKPOINT
    python tools/deployment/export_onnx.py RUN --time 480 640      # compares its speed, too
    python tools/predict.py model.onnx pictures/

Inputs and outputs: see plugins/apis/export.py. The file's metadata names classes, input and config.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine import command_line
from plugins.engine.files import check_file


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Export, and return what the file's metadata says.

    Raises:
        OSError: The target exists or cannot be written.
        ValueError: See ``plugins.apis.load.load_model`` and ``plugins.apis.export.export_onnx``.
    """
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    command_line.add_trained(parser)
    parser.add_argument('--out', type=Path, help="default: beside the checkpoint, with .onnx")
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    parser.add_argument('--time', type=command_line.positive, nargs=2, metavar=('HEIGHT', 'WIDTH'),
                        help='compare the speed with that of PyTorch, on pictures of this size')
    command_line.add_model_options(parser, device=False)
    args = command_line.parse_trained(parser, argv, whole=('.pth', '.safetensors'))
    out = args.out or args.checkpoint.with_suffix('.onnx')
    check_file(out, overwrite=args.overwrite)
    import numpy as np
    import torch
    from torch.utils.benchmark import Timer

    from plugins.apis.export import export_onnx
    from plugins.apis.load import load_model
    from plugins.engine.run_record import device_name

    trained = load_model(args.config, args.checkpoint, 'cpu', args.cfg_options,
                         args.trust_checkpoint)
    exported = export_onnx(trained, out)
    facts = exported.card
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {facts['kind']} of {len(facts['classes'])} "
          f"classes, pictures of {facts['input']}")
    if args.time:
        pictures = np.random.default_rng(0).integers(0, 256, (8, *args.time, 3), np.uint8)
        ours, torchs = (Timer('ask(pictures)', globals=dict(ask=ask, pictures=pictures),
                              num_threads=torch.get_num_threads()).blocked_autorange(
                                  min_run_time=3).median for ask in (
                                      exported, trained))
        print(f'8 pictures take {1000 * ours:.1f} ms with onnxruntime, {1000 * torchs:.1f} ms with '
              f'PyTorch, {torchs / ours:.2f} times as long ({device_name()})')
    return facts


if __name__ == '__main__':
    command_line.run(main)
