"""Look at a data set: as stored in its files, and as the model sees it in training.

    python tools/misc/browse_dataset.py CONFIG
    python tools/misc/browse_dataset.py CONFIG --part test --images 8 --out-dir DIR

A classifier's images are shown as contact sheets with a row per image: first as stored, then
several times as augmented by the data preprocessor, without normalisation. A detector's images are
shown one per picture: the file with its labels, and below it the pipeline's output (which may mix
several images), with KITTI's difficulties and ignored boxes. OpenMMLab's browse_dataset.py runs
the pipeline only, so it shows no augmentation on the device, no ignored boxes and no difficulties.
"""
import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_cfg_options, config_file, positive, run, seed
from plugins.engine.files import check_folder, replacing_folder, write_json
from plugins.engine.wording import index_of
from plugins.engine.work_dir import default_work_dir

if TYPE_CHECKING:
    import numpy as np
    from mmengine.config import Config

    Pictures = Iterator[tuple[str, np.ndarray]]

RECORD = 'browse.json'
_ROWS = 24  # rows per page
_PER_CLASS, _PICTURES = 3, 6


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier or of a detector')
    parser.add_argument('--part', choices=('train', 'val', 'test'), default='train',
                        help='which images to show, prepared as for this part (default: train)')
    parser.add_argument('--images', type=positive, metavar='N',
                        help=f'classifier: images per class (default: {_PER_CLASS}); detector: '
                        f'images in total (default: {_PICTURES})')
    parser.add_argument('--versions', type=positive, metavar='K',
                        help='versions of each training image (default: 6; for a detector 3); '
                        'other parts have only one, as nothing is random there')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='classifier: only these')
    parser.add_argument('--seed', type=seed, default=0,
                        help='seed for the choice of images and the augmentation (default: 0)')
    parser.add_argument('--out-dir', type=Path, help='folder to write; default browse_PART '
                        "below the config's folder in work_dirs")
    parser.add_argument('--overwrite', action='store_true', help='replace earlier pictures there')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    args.out_dir = args.out_dir or default_work_dir(args.config, 0).with_name(
        f'browse_{args.part}')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw, and return what ``browse.json`` holds.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: See ``plugins.engine.session.load_config``; also if the data are broken,
            of an unknown kind, or without a given class.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite)
    from mmengine.registry import DefaultScope
    from mmengine.runner import set_random_seed
    from PIL import Image

    from plugins.apis.load import kind_of
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    kind = kind_of(cfg)
    if kind == 'detector' and args.classes:
        raise ValueError('--classes: is for classifiers; found the config of a detector')
    loader = cfg.get(f'{args.part}_dataloader')
    if not loader:
        raise ValueError(f'config {cfg.filename}: has no {args.part}_dataloader')
    args.versions = 1 if args.part != 'train' else args.versions or (6 if kind == 'classifier'
                                                                     else 3)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        set_random_seed(args.seed)
        images, pictures = (_sheets if kind == 'classifier' else _scenes)(cfg, loader.dataset, args)
        record = dict(config=str(args.config), part=args.part, seed=args.seed, images=images,
                      versions=args.versions)
        with replacing_folder(args.out_dir, args.overwrite) as folder:
            for name, picture in pictures:
                Image.fromarray(picture).save(folder / f'{name}.png')
            write_json(folder / RECORD, record)
    print(f'Pictures written to {args.out_dir}')
    return record


def _sheets(cfg: 'Config', data: dict[str, Any], args: argparse.Namespace
            ) -> tuple[dict[str, list[str]], 'Pictures']:
    """Return names of a classifier's images by class, and their contact sheets.

    Each version of a page is one batch, so that mixing uses different images.
    """
    import numpy as np
    from mmengine.registry import DATASETS, MODELS
    from rich.progress import track

    from plugins.apis.features import as_displayed
    from plugins.visualization.contact_sheet import Group, draw_sheet

    dataset = DATASETS.build(data)
    while not hasattr(dataset, 'source') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset  # wrappers repeat images, but change none
    if not hasattr(dataset, 'source'):
        raise ValueError(f'{args.part}_dataloader.dataset: found a {type(dataset).__name__}, '
                         'expected an ArrayDataset; stored images are not known of others')
    classes, rng = dataset.metainfo['classes'], np.random.default_rng(args.seed)
    number = min(args.images or _PER_CLASS, _ROWS)
    chosen = []
    for label in [index_of(name, classes, '--classes') for name in args.classes or classes]:
        rows = np.flatnonzero(dataset.labels == label)
        chosen.append((classes[label], len(rows), np.sort(
            rng.choice(rows, min(number, len(rows)), replace=False))))
    on_page = _ROWS // number
    pages = [chosen[k:k + on_page] for k in range(0, len(chosen), on_page)]
    preprocessor = MODELS.build(cfg.model.data_preprocessor)

    def draw(number: int, page: list) -> np.ndarray:
        rows = np.concatenate([rows for _, _, rows in page])
        stored = dataset.__getitems__(rows)['inputs'].permute(0, 2, 3, 1).numpy()
        seen = [as_displayed(preprocessor(dataset.__getitems__(rows), args.part == 'train')[
            'inputs'], preprocessor) for _ in range(args.versions)]
        tiles = zip(stored, *seen, strict=True)
        title = f'{args.config.stem}: {args.part}, seed {args.seed}' + (
            f'   (page {number} of {len(pages)})' if len(pages) > 1 else '')
        heads = [f'stored {stored.shape[1]} x {stored.shape[2]}',
                 f'seen {seen[0].shape[1]} x {seen[0].shape[2]}']
        return draw_sheet(title, heads, [Group(name, f'{count} images', [next(tiles) for _ in rows])
                                         for name, count, rows in page])
    return ({name: [dataset.names[row] for row in rows] for name, _, rows in chosen},
            ((f'sheet_{number:0{len(str(len(pages)))}}', draw(number, page))
             for number, page in enumerate(track(pages, 'draw'), 1)))


def _scenes(cfg: 'Config', data: dict[str, Any], args: argparse.Namespace
            ) -> tuple[list[str], 'Pictures']:
    """Return the names of a detector's images, and their pictures.

    A picture is the file with its labels, and below it several outputs of the pipeline.
    """
    import numpy as np
    from rich.progress import track

    from plugins.detection.labelled_scene import Scenes
    from plugins.visualization.scenes import draw_scenes

    scenes = Scenes(data)
    number = min(args.images or _PICTURES, len(scenes))
    chosen = np.sort(np.random.default_rng(args.seed).choice(len(scenes), number, replace=False))
    rows = {scenes.path(row).stem: int(row) for row in chosen}
    heads = ['the file', *['as the pipeline hands it out'] * args.versions]

    def draw(name: str, row: int) -> np.ndarray:
        found = [scenes.stored(row), *(scenes.prepared(row) for _ in range(args.versions))]
        return draw_scenes([
            (f'{name}: {head}, {image.shape[1]} x {image.shape[0]}', image, labels)
            for head, (image, labels) in zip(heads, found, strict=True)])
    return list(rows), ((name, draw(name, row)) for name, row in track(rows.items(), 'draw'))


if __name__ == '__main__':
    run(main)
