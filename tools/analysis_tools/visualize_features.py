"""Draw a classifier's first filters, feature maps and class activation map of a picture.

    python tools/analysis_tools/visualize_features.py CONFIG CHECKPOINT picture.jpg
    python tools/analysis_tools/visualize_features.py CONFIG CHECKPOINT picture.jpg \
        --layers backbone.layer2 --cam-layer backbone.layer4 --target-class forest

Writes filters.png, one picture for each layer, grad_cam.png and features.json. The picture is
preprocessed as in tools/predict.py. mmpretrain's vis_cam.py needs the package grad-cam, and
fails if the backbone is frozen.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine import command_line
from plugins.engine.files import check_folder, replacing_folder, write_json
from plugins.engine.wording import index_of

RECORD = 'features.json'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    command_line.add_trained(parser)
    parser.add_argument('image', type=command_line.existing_file, help='a picture')
    parser.add_argument('--layers', nargs='+', metavar='NAME',
                        help='modules whose feature maps to draw; default: for a DenseNet, conv4 '
                        'block5 and the last convolution; otherwise the first, a middle and the '
                        'last convolution')
    parser.add_argument('--cam-layer', metavar='NAME',
                        help='module whose output Grad-CAM weighs; default: the last convolution, '
                        'after its normalisation and activation')
    parser.add_argument('--target-class', metavar='NAME',
                        help='class to explain; default: the predicted one')
    parser.add_argument('--maps', type=command_line.positive, default=64, metavar='N',
                        help='maximum number of maps and filters to draw (default: 64)')
    parser.add_argument('--out-dir', type=Path, help='folder to write; default '
                        'features/PICTURE beside the checkpoint')
    parser.add_argument('--overwrite', action='store_true', help='replace earlier pictures there')
    command_line.add_model_options(parser)
    args = command_line.parse_trained(parser, argv, whole=('.pth', '.safetensors'))
    args.out_dir = args.out_dir or command_line.results_folder(args, 'features', args.image.name)
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw, and return what ``features.json`` holds.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: The config is not of a classifier; a layer or class is unknown (similar names
            are listed), or a layer has no maps; or see ``plugins.apis.load.load_model``.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite)
    import numpy as np

    from plugins.apis.features import as_displayed, trace
    from plugins.apis.load import kind_of, load_model
    from plugins.engine.images import read_image
    from plugins.visualization.features import draw_cam, draw_filters, draw_maps, flat_maps
    from plugins.visualization.run_pictures import save_figure

    trained = load_model(args.config, args.checkpoint, args.device, args.cfg_options,
                         args.trust_checkpoint)
    kind_of(trained.config, expected='classifier')
    image = np.asarray(read_image(args.image))
    seen = trace(trained.model, lambda: trained([image])[0])
    predicted = int(seen.scores.argmax())
    target = predicted if args.target_class is None else index_of(
        args.target_class, trained.classes, '--target-class')
    layers = [seen.checked(name) for name in args.layers or seen.default_layers()]
    cam_layer = seen.checked(args.cam_layer or seen.default_cam_layer())
    record: dict[str, Any] = dict(
        config=str(args.config), checkpoint=str(args.checkpoint), image=str(args.image),
        predicted=trained.classes[predicted], target=trained.classes[target],
        score=float(seen.scores[target]), filters=seen.convolutions[0], layers={})
    figures = {'filters.png': draw_filters(seen.filters(), seen.convolutions[0], args.maps)}
    for name in dict.fromkeys(layers):
        maps = seen.maps(name)
        figures[f'features_{name}.png'] = draw_maps(maps, name, args.maps)
        record['layers'][name] = dict(shape=list(maps.shape), low=float(maps.min()),
                                      high=float(maps.max()), flat=int(flat_maps(maps).sum()))
    share, raw = seen.grad_cam(cam_layer, target)
    record['cam'] = dict(layer=cam_layer, shape=list(raw.shape), low=float(raw.min()),
                         high=float(raw.max()))
    shown = as_displayed(seen.inputs, trained.model.data_preprocessor)[0]
    figures['grad_cam.png'] = draw_cam(
        shown, share, f'{record["target"]}: {100 * record["score"]:.1f} %   '
        f'(predicted: {record["predicted"]})', [
            f'Grad-CAM of {cam_layer}, {raw.shape[0]} x {raw.shape[1]} positions, magnified',
            f'values {raw.min():.3g} … {raw.max():.3g}; grey: 0 or less, yellow: the largest'])
    with replacing_folder(args.out_dir, args.overwrite) as folder:
        for name, figure in figures.items():
            save_figure(figure, folder / name)
        write_json(folder / RECORD, record)
    print(f"{record['predicted']} ({100 * seen.scores.max():.1f} %); {len(figures)} pictures "
          f'written to {args.out_dir}')
    return record


if __name__ == '__main__':
    command_line.run(main)
