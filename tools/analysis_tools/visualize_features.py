"""Show a classifier's first filters, its feature maps of a picture and what a class rests on.

    python tools/analysis_tools/visualize_features.py CONFIG CHECKPOINT picture.jpg
    python tools/analysis_tools/visualize_features.py CONFIG CHECKPOINT picture.jpg \
        --layers backbone.layer2 --cam-layer backbone.layer4 --target-class forest

Writes filters.png, one picture a layer, grad_cam.png and features.json. The
picture becomes the network's input as in tools/predict.py. mmpretrain's
vis_cam.py needs a pipeline, which an ArrayDataset does not have, shows a CAM
alone, and fails where the backbone is frozen.
"""
import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import add_cfg_options, config_file, existing_file, positive
from plugins.engine.files import check_folder, replacing_folder

if TYPE_CHECKING:
    import numpy as np

    from plugins.apis.network_trace import Trace

RECORD = 'features.json'


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier')
    parser.add_argument('checkpoint', type=existing_file, help='checkpoint of it')
    parser.add_argument('image', type=existing_file, help='a picture')
    parser.add_argument('--layers', nargs='+', metavar='NAME',
                        help='modules whose feature maps to draw; default: of a DenseNet conv4 '
                        'block5 and the last convolution, else the first, a middle and the last '
                        'convolution')
    parser.add_argument('--cam-layer', metavar='NAME',
                        help='module whose maps Grad-CAM weighs; default: what normalisation and '
                        'activation make of the last convolution')
    parser.add_argument('--target-class', metavar='NAME',
                        help='class to explain; default: the predicted one')
    parser.add_argument('--maps', type=positive, default=64, metavar='N',
                        help='maps and filters to draw at most (default: 64)')
    parser.add_argument('--out-dir', help='folder to write; default features/PICTURE beside the '
                        'checkpoint')
    parser.add_argument('--overwrite', action='store_true', help='replace earlier pictures there')
    parser.add_argument('--device', help='such as cpu or cuda:1; default: a GPU if there is one')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load the checkpoint although it could run code')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    args.out_dir = Path(args.out_dir).absolute() if args.out_dir else (
        args.checkpoint.parent / 'features' / args.image.name)
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw, and return what ``features.json`` holds.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: The config is no classifier's; there is no such layer or
            class (names near ones), or a layer has no maps; or as
            ``plugins.apis.trained_model.load_trained``.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite, RECORD)
    from PIL import Image

    from plugins.apis.classify import Classify
    from plugins.apis.network_trace import trace

    trained = _load(args)
    classify = Classify(trained)
    seen = trace(trained.model, lambda: classify([classify.read(args.image)])[0])
    target = _class_index(trained.classes, args.target_class, seen.scores)
    layers = [seen.checked(name) for name in args.layers or seen.default_layers()]
    cam_layer = seen.checked(args.cam_layer or seen.default_cam_layer())
    record = dict(config=str(args.config), checkpoint=str(args.checkpoint), image=str(args.image),
                  predicted=trained.classes[int(seen.scores.argmax())],
                  target=trained.classes[target], score=float(seen.scores[target]), layers={})
    pictures, record['filters'] = {}, seen.first_conv
    pictures['filters.png'] = _filters(seen, args.maps)
    for name, maps in seen.maps(dict.fromkeys(layers)).items():
        pictures[f'features_{name}.png'], record['layers'][name] = _maps(name, maps, args.maps)
    pictures['grad_cam.png'], record['cam'] = _cam(seen, cam_layer, target, record)
    with replacing_folder(args.out_dir, args.overwrite, RECORD) as folder:
        for name, picture in pictures.items():
            Image.fromarray(picture).save(folder / name)
        (folder / RECORD).write_text(json.dumps(record, indent=1) + '\n', encoding='utf-8')
    print(f"{record['predicted']} ({100 * seen.scores.max():.1f} %); {len(pictures)} pictures "
          f'written to {args.out_dir}')
    return record


def _load(args: argparse.Namespace) -> Any:
    """The trained classifier.

    Raises:
        ValueError: It is a detector.
    """
    from plugins.apis.trained_model import kind_of, load_trained
    from plugins.engine.checkpoint import trust_checkpoint
    from plugins.engine.session import load_config
    cfg = load_config(str(args.config), args.cfg_options)
    if kind_of(cfg) != 'classifier':
        raise ValueError(f'config {args.config}: is of a {kind_of(cfg)}, expected a classifier')
    if args.trust_checkpoint:
        trust_checkpoint(args.checkpoint)
    return load_trained(cfg, args.checkpoint, args.device)


def _class_index(classes: Sequence[str], name: str | None, scores: 'np.ndarray') -> int:
    """Which class to explain.

    Raises:
        ValueError: There is no class of this name; names near ones.
    """
    from difflib import get_close_matches
    if name is None:
        return int(scores.argmax())
    if name not in classes:
        near = get_close_matches(name, classes, n=3, cutoff=0.5)
        raise ValueError(f'--target-class {name}: no such class; '
                         + (f'near: {", ".join(near)}' if near else
                            f'expected one of {", ".join(classes[:20])}'))
    return list(classes).index(name)


def _filters(seen: 'Trace', most: int) -> 'np.ndarray':
    from plugins.visualization.features import DEAD, draw_grid, filter_tiles
    weights = seen.filters()
    tiles = filter_tiles(weights, range(min(most, len(weights))))
    every = tiles if len(tiles) == len(weights) else filter_tiles(weights, range(len(weights)))
    dead = sum(tile.caption.endswith(DEAD) for tile in every)
    colour = 'R, G, B' if weights.shape[1] == 3 else f'the first of {weights.shape[1]} channels'
    return draw_grid(tiles, f'Filters of {seen.first_conv}', [
        f'{_of(len(tiles), len(weights))} filters of {weights.shape[2]} x {weights.shape[3]} '
        f'({colour}), {dead} of them dead; all weights: {weights.min():.3g} … {weights.max():.3g}',
        'grey is 0; each filter is scaled by its largest absolute weight, written below it'], 72)


def _maps(name: str, maps: 'np.ndarray', most: int) -> tuple['np.ndarray', dict[str, Any]]:
    from collections import Counter

    import numpy as np

    from plugins.visualization.features import CONSTANT, DEAD, draw_grid, flatness, map_tiles
    scale = float(np.abs(maps).max())
    flat = Counter(flatness(values, scale) for values in maps)
    low, high = float(maps.min()), float(maps.max())
    tiles = map_tiles(maps, range(min(most, len(maps))))
    picture = draw_grid(tiles, f'Feature maps of {name}', [
        f'{_of(len(tiles), len(maps))} maps of {maps.shape[1]} x {maps.shape[2]} (height x width);'
        f' {flat[DEAD]} are dead, {flat[CONSTANT]} constant; all values: {low:.3g} … {high:.3g}',
        'each is scaled by its own range, written below it (dark: lowest)',
        'flat grey: a thousandth of the largest value at most, or varies by no more'])
    return picture, dict(shape=list(maps.shape), low=low, high=high, dead=flat[DEAD],
                         constant=flat[CONSTANT])


def _cam(seen: 'Trace', layer: str, target: int, record: dict[str, Any]
         ) -> tuple['np.ndarray', dict[str, Any]]:
    from plugins.visualization.contact_sheet import as_displayed
    from plugins.visualization.features import draw_cam, overlay
    share, raw = seen.grad_cam(layer, target)
    image = as_displayed(seen.inputs, seen.model.data_preprocessor)[0]
    low, high = float(raw.min()), float(raw.max())
    if high <= 0:
        said = f'no position speaks for {record["target"]} here (nothing is above 0)'
    else:
        said = f'drawn from 0 (grey) to {high:.3g} (yellow)'
    picture = draw_cam(image, overlay(image, share), f'{record["target"]}: '
                       f'{100 * record["score"]:.1f} %   (predicted: {record["predicted"]})', [
        f'Grad-CAM of {layer}, {raw.shape[0]} x {raw.shape[1]} positions, magnified',
        f'values {low:.3g} … {high:.3g}; {said}'])
    return picture, dict(layer=layer, shape=list(raw.shape), low=low, high=high)


def _of(shown: int, total: int) -> str:
    return f'{total}' if shown == total else f'the first {shown} of {total}'


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
