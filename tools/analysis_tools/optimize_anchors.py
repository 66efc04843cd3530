"""Fit the anchors of a YOLOv3 config to its training boxes, and print what they gain.

    python tools/analysis_tools/optimize_anchors.py configs/yolov3/CONFIG.py

prints the mean IoU of a box with its best anchor and the share of boxes above 0.5, for the config's
anchors and for the fitted ones, then the lines to paste into the config, if those are better. The
config's train pipeline resizes the boxes; ignored boxes are left out. Only the training part is
used: anchors fitted to test images would bias the test.
"""
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_cfg_options, config_file, positive, run, seed
from plugins.engine.result_table import print_table


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Print the figures and the lines to paste; return boxes, base_sizes, before and after.

    ``base_sizes`` are those of the config if no fit has a larger mean IoU.

    Raises:
        FileNotFoundError: The data are missing.
        ValueError: The config has no YOLO anchors or is wrong, see load_config, or there are
            fewer sizes of boxes than anchors.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, metavar='CONFIG')
    parser.add_argument('--seed', type=seed, default=0, metavar='N')
    parser.add_argument('--restarts', type=positive, default=100, metavar='N',
                        help='number of fits; the best is used (default: %(default)s). More help '
                        'with hundreds of boxes, fewer suffice for tens of thousands')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    from plugins.detection import YOLOAnchorGenerator
    from plugins.detection.anchors import fit, quality, to_levels, training_sizes
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    generator = cfg.model.get('bbox_head', {}).get('anchor_generator', {})
    if generator.get('type') != 'YOLOAnchorGenerator':
        raise ValueError(f'{args.config}: model.bbox_head.anchor_generator is '
                         f'{generator.get("type")}, expected a YOLOAnchorGenerator')
    YOLOAnchorGenerator(generator.strides, generator.base_sizes)  # rejects what are no sizes
    sizes = training_sizes(cfg, args.seed)
    present = [size for level in generator.base_sizes for size in level]
    fitted = fit(sizes, len(present), args.seed, args.restarts)
    before, after = quality(sizes, present), quality(sizes, fitted)
    better = after.mean_iou > before.mean_iou
    result = dict(boxes=len(sizes), before=before, after=after, base_sizes=to_levels(
        fitted, generator.strides) if better else generator.base_sizes)
    gain = [new - old for old, new in zip(before, after, strict=True)]
    print_table(('anchors', 'mean best IoU', 'best IoU > 0.5'), (
        (name, *(f'{value:{sign}.3f}' for value in figures)) for name, figures, sign in (
            ("the config's", before, ''), ('fitted', after, ''), ('gain', gain, '+'))),
        f'{len(sizes)} boxes that are not ignored')
    start = 'anchor_generator=dict(base_sizes=['
    print(start + (',\n' + ' ' * len(start)).join(map(str, result['base_sizes'])) + '])' if better
          else "Keep the config's anchors: the fitted ones are no better.")
    return result


if __name__ == '__main__':
    run(main)
