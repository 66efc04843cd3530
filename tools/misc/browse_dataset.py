"""Look at a data set: as its files are, and as the model sees them in training.

    python tools/misc/browse_dataset.py CONFIG
    python tools/misc/browse_dataset.py CONFIG --part test --images 8 --out-dir DIR

A classifier's images come as contact sheets: a line for each image, first as
it is stored, then several times as the data preprocessor augments it, with the
normalisation undone. A detector's images come one a picture: the file with its
labels, below it what the pipeline makes of both (also of a mixture of several
images), with KITTI's difficulties and what is ignored. OpenMMLab's
browse_dataset.py runs a pipeline alone, and so shows nothing of what happens
on the device, no ignored boxes and no difficulty.
"""
import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import add_cfg_options, config_file, positive, seed
from plugins.engine.files import check_folder, replacing_folder

if TYPE_CHECKING:
    from mmengine.config import Config

RECORD = 'browse.json'
_ROWS = 24  # of a page
_PER_CLASS, _PICTURES = 3, 6


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier or of a detector')
    parser.add_argument('--part', choices=('train', 'val', 'test'), default='train',
                        help='whose images, and how they are prepared (default: train)')
    parser.add_argument('--images', type=positive, metavar='N',
                        help=f'a classifier: of each class (default: {_PER_CLASS}); a detector: in '
                        f'all (default: {_PICTURES})')
    parser.add_argument('--versions', type=positive, metavar='K',
                        help='how often to prepare each image (default: 6, of a detector 3; where '
                        'nothing is random: 1)')
    parser.add_argument('--classes', nargs='+', metavar='NAME', help='a classifier: only these')
    parser.add_argument('--seed', type=seed, default=0,
                        help='which images are drawn, and what is random in them (default: 0)')
    parser.add_argument('--out-dir', help='folder to write; default browse_PART below the '
                        "config's folder in work_dirs")
    parser.add_argument('--overwrite', action='store_true', help='replace earlier pictures there')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    if args.out_dir:
        args.out_dir = Path(args.out_dir).absolute()
        check_folder(args.out_dir, args.overwrite, RECORD)
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Draw, and return what ``browse.json`` holds.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: As ``plugins.engine.session.load_config``; the data are
            broken, have no such class, or are of a kind that is not known.
    """
    args = parse_args(argv)
    from mmengine.registry import DefaultScope
    from mmengine.runner import set_random_seed
    from PIL import Image
    from rich.progress import track

    from plugins.apis.trained_model import kind_of
    from plugins.engine.session import load_config
    from plugins.engine.work_dir import default_work_dir

    cfg = load_config(str(args.config), args.cfg_options)
    kind = kind_of(cfg)
    if kind == 'detector' and args.classes:
        raise ValueError('--classes: is for classifiers; found the config of a detector')
    args.out_dir = args.out_dir or default_work_dir(args.config, 0).with_name(f'browse_{args.part}')
    check_folder(args.out_dir, args.overwrite, RECORD)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        set_random_seed(args.seed)
        pages = (_Sheets if kind == 'classifier' else _Scenes)(cfg, args)
        record = dict(config=str(args.config), part=args.part, seed=args.seed, **pages.record)
        with replacing_folder(args.out_dir, args.overwrite, RECORD) as folder:
            for name in track(pages.names, 'draw'):
                Image.fromarray(pages.draw(name)).save(folder / f'{name}.png')
            (folder / RECORD).write_text(json.dumps(record, indent=1) + '\n', encoding='utf-8')
    print(f'{len(pages.names)} pictures written to {args.out_dir}')
    return record


class _Sheets:
    """Contact sheets of a classifier's data.

    Raises:
        ValueError: The data set is no ArrayDataset, or has no class of a name.
    """

    def __init__(self, cfg: 'Config', args: argparse.Namespace) -> None:
        import numpy as np
        from mmengine.registry import MODELS
        self.dataset = _build(cfg, args.part)
        if not hasattr(self.dataset, 'source'):
            raise ValueError(f'{args.part}_dataloader.dataset: found a '
                             f'{type(self.dataset).__name__}, expected an ArrayDataset; its '
                             'images cannot be told from what a pipeline makes of them')
        self.preprocessor = MODELS.build(cfg.model.data_preprocessor)
        self.training = args.part == 'train'
        self.versions = (args.versions or 6) if self.training else 1
        self.title = f'{args.config.stem}: {args.part}, seed {args.seed}'
        classes = self.dataset.metainfo['classes']
        wanted = _named(classes, args.classes)
        labels, rng = self.dataset.labels, np.random.default_rng(args.seed)
        places = [np.flatnonzero(labels == label) for label in wanted]
        number = min(args.images or _PER_CLASS, _ROWS)
        self.chosen = [(classes[label], len(place), np.sort(rng.choice(
            place, min(number, len(place)), replace=False)))
            for label, place in zip(wanted, places, strict=True)]
        on_page = _ROWS // number
        pages = [self.chosen[k:k + on_page] for k in range(0, len(self.chosen), on_page)]
        digits = len(str(len(pages)))
        self.pages = {f'sheet_{k:0{digits}}': page for k, page in enumerate(pages, 1)}
        self.names = list(self.pages)
        self.record = dict(images={name: [self.dataset.names[row] for row in rows]
                                   for name, _, rows in self.chosen}, versions=self.versions)

    def draw(self, name: str) -> Any:
        """One page: a batch for each version, so that what mixes images mixes different ones."""
        import numpy as np

        from plugins.visualization.contact_sheet import Group, as_displayed, draw_sheet
        page = self.pages[name]
        rows = np.concatenate([rows for _, _, rows in page])
        stored = self.dataset.__getitems__(rows)['inputs'].permute(0, 2, 3, 1).numpy()
        seen = [as_displayed(self.preprocessor(self.dataset.__getitems__(rows), self.training)[
            'inputs'], self.preprocessor) for _ in range(self.versions)]
        tiles = iter(zip(stored, *seen, strict=True))
        groups = [Group(label, f'{number} images', tuple(next(tiles) for _ in rows))
                  for label, number, rows in page]
        size = ' x '.join(map(str, seen[0].shape[1:3]))
        heads = [f'stored {stored.shape[1]} x {stored.shape[2]}',
                 f'seen {size}', *[''] * (self.versions - 1)]
        count = f'   (page {self.names.index(name) + 1} of {len(self.names)})'
        return draw_sheet(self.title + (count if len(self.names) > 1 else ''), heads, groups)


class _Scenes:
    """Pictures of a detector's data."""

    def __init__(self, cfg: 'Config', args: argparse.Namespace) -> None:
        import numpy as np

        from plugins.detection.labelled_scene import Scenes
        self.scenes = Scenes(_loader(cfg, args.part).dataset)
        self.versions = (args.versions or 3) if args.part == 'train' else 1
        number = min(args.images or _PICTURES, len(self.scenes))
        rows = np.sort(np.random.default_rng(args.seed).choice(len(self.scenes), number, False))
        self.rows = {self.scenes.path(row).stem: int(row) for row in rows}
        self.names = list(self.rows)
        self.record = dict(images=self.names, versions=self.versions)

    def draw(self, name: str) -> Any:
        """The file with its labels, and below it what the pipeline makes of it, several times."""
        from plugins.visualization.contact_sheet import draw_scenes
        row = self.rows[name]
        found = [self.scenes.stored(row), *(self.scenes.prepared(row)
                                            for _ in range(self.versions))]
        heads = [f'{name}: the file, {found[0][0].shape[1]} x {found[0][0].shape[0]}', *(
            f'as the pipeline hands it out, {image.shape[1]} x {image.shape[0]}'
            for image, _ in found[1:])]
        return draw_scenes([(head, image, labels) for head, (image, labels)
                            in zip(heads, found, strict=True)])


def _build(cfg: 'Config', part: str) -> Any:
    """The data set of a part, below its wrappers (which repeat images, but change none)."""
    from mmengine.registry import DATASETS
    dataset = DATASETS.build(_loader(cfg, part).dataset)
    while not hasattr(dataset, 'source') and hasattr(dataset, 'dataset'):
        dataset = dataset.dataset
    return dataset


def _loader(cfg: 'Config', part: str) -> Any:
    loader = cfg.get(f'{part}_dataloader')
    if not loader:
        raise ValueError(f'config {cfg.filename}: has no {part}_dataloader')
    return loader


def _named(classes: Sequence[str], names: Sequence[str] | None) -> list[int]:
    """Labels of these classes, or of all.

    Raises:
        ValueError: There is no class of a name; names near ones.
    """
    from difflib import get_close_matches
    for name in names or ():
        if name not in classes:
            near = get_close_matches(name, classes, n=3, cutoff=0.5) or classes[:20]
            raise ValueError(f'--classes {name}: no such class; near: {", ".join(near)}')
    return [list(classes).index(name) for name in names or classes]


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
