"""Export a trained model to ONNX, with its preprocessing and, for a detector, its NMS.

    python tools/deployment/export_onnx.py RUN --out model.onnx   # or CONFIG CHECKPOINT
    python tools/predict.py model.onnx pictures/

Inputs and outputs: see plugins/apis/export.py. The file's metadata names classes, input and config.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_model_options, add_trained, parse_trained, run
from plugins.engine.files import check_file


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Export, and return what the file's metadata says.

    Raises:
        OSError: The target exists or cannot be written.
        ValueError: See ``plugins.apis.load.load_model`` and ``plugins.apis.export.export_onnx``.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    add_trained(parser)
    parser.add_argument('--out', type=Path, help="default: beside the checkpoint, with .onnx")
    parser.add_argument('--overwrite', action='store_true', help='replace an existing file')
    add_model_options(parser)
    args = parse_trained(parser, argv, whole=('.pth', '.safetensors'))
    out = args.out or args.checkpoint.with_suffix('.onnx')
    check_file(out, overwrite=args.overwrite)
    from plugins.apis.export import export_onnx
    from plugins.apis.load import load_model

    trained = load_model(args.config, args.checkpoint, 'cpu', args.cfg_options,
                         args.trust_checkpoint)
    facts = export_onnx(trained, out).card
    print(f"{out}: {out.stat().st_size / 1e6:.1f} MB, {facts['kind']} of {len(facts['classes'])} "
          f"classes, pictures of {facts['input']}")
    return facts


if __name__ == '__main__':
    run(main)
