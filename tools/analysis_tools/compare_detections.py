"""Draw the same images as several detectors see them: hits, false alarms and misses.

    python tools/analysis_tools/compare_detections.py CONFIG CKPT CKPT2
    python tools/analysis_tools/compare_detections.py CONFIG CKPT CONFIG2 CKPT2 CKPT3 --images 10
    python tools/analysis_tools/compare_detections.py CONFIG CKPT CKPT2 --ids 000003 000012

A config applies to the checkpoints after it. The images are from its test part, by default those on
which the models disagree most. Hits and errors are found as in DetectionMetric: the counts printed
at the end are its tp, fp and fn at the same thresholds. There is one file per image, with one panel
per model.
"""
import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, add_model_options, file_or_run, positive, run, share
from plugins.engine.files import REPO_ROOT, check_folder, replacing_folder, write_json
from plugins.engine.result_table import print_table
from plugins.engine.run_reader import CONFIGS, model_parts
from plugins.engine.wording import counted, short_names

RECORD = 'comparison.json'
_OUT_DIR = 'work_dirs/compare_detections'
_Config = tuple[Path, tuple[str, ...]]  # a config file, and changes to it


class _Tested(NamedTuple):
    """A config with its data set, and the row of each image id in the data set."""

    cfg: Any
    dataset: Any
    rows: dict[str, int]


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('models', type=file_or_run, nargs='+', metavar='CONFIG CKPT',
                        help='a config and its checkpoints, optionally followed by another config '
                        'and its checkpoints, and so on; or work dirs of runs')
    parser.add_argument('--names', nargs='+', metavar='NAME', help='names of the models; '
                        "default: the parts in which the checkpoints' folders differ")
    parser.add_argument('--part', choices=('test', 'train', 'val'), default='test',
                        help='which images to use, without augmentation (default: test)')
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument('--images', type=positive, default=6, metavar='N', help='draw the N '
                        'images on which the models disagree most (default: 6)')
    chosen.add_argument('--ids', nargs='+', metavar='ID', help='draw these images: file '
                        'names without the suffix')
    parser.add_argument('--out-dir', metavar='DIR', type=Path, default=REPO_ROOT / _OUT_DIR,
                        help=f'folder to write (default: {_OUT_DIR} of the repository)')
    parser.add_argument('--overwrite', action='store_true', help='replace earlier results there')
    parser.add_argument('--score-thr', type=share, default=0.5, metavar='0..1',
                        help='minimum score of a detection (default: 0.5)')
    parser.add_argument('--iou-thr', type=share, default=0.5, metavar='0..1', help='minimum '
                        'IoU of a detection with an object to count as a hit (default: 0.5)')
    add_model_options(parser)
    args = parser.parse_args(argv)
    args.pairs = _pairs(args, parser)
    if args.names and len(args.names) != len(args.pairs):
        parser.error(f'--names: found {len(args.names)} names for {len(args.pairs)} checkpoints')
    folders = [checkpoint.parent for _, checkpoint in args.pairs]
    args.names = args.names or short_names(
        folders if len(set(folders)) == len(folders) else [path for _, path in args.pairs])
    if args.iou_thr == 0:
        parser.error('--iou-thr 0: expected a share above 0')
    return args


def _pairs(args: argparse.Namespace, parser: argparse.ArgumentParser
           ) -> list[tuple[_Config, Path]]:
    """Pair each checkpoint with the last config before it, or with that of its run."""
    pairs: list[tuple[_Config, Path]] = []
    configs: list[Path] = []
    for path in args.models:
        if path.is_file() and path.suffix in CONFIGS:
            configs.append(path)
        elif path.is_dir() or configs:
            config, checkpoint, options = model_parts(
                *([path] if path.is_dir() else [configs[-1], path]),
                options=args.cfg_options, trusted=args.trust_checkpoint)
            pairs.append(((config, tuple(options)), checkpoint))
        else:
            parser.error(f'{path}: expected a config first ({" ".join(CONFIGS)})')
    if idle := set(configs) - {config for (config, _), _ in pairs}:
        parser.error(f'{idle.pop()}: no checkpoint follows this config')
    return pairs


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Compare, and return what ``comparison.json`` holds.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: A config is not of a detector, a checkpoint does not fit, the configs have
            different images or labels, or an id is unknown.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite)
    data = {config: _tested(config, args) for config in dict.fromkeys(
        config for config, _ in args.pairs)}
    first = next(iter(data.values()))
    for other in data.values():
        _check_same(first, other)
    ids = _chosen(first, args.ids)
    outcomes = [_run(data[config], checkpoint, ids, args) for config, checkpoint in args.pairs]
    by_image = list(zip(*outcomes, strict=True))
    from plugins.visualization.outcomes import disagreement
    places = range(len(ids))
    if not args.ids:
        places = sorted(places, key=lambda place: -disagreement(by_image[place]))[:args.images]
    record = dict(
        part=args.part, images=len(ids), score_thr=args.score_thr, iou_thr=args.iou_thr,
        models=[dict(name=name, config=str(config), checkpoint=str(checkpoint), **{
            key: sum(one.counts[key] for one in of_model) for key in ('tp', 'fp', 'fn')})
            for name, (config, checkpoint), of_model in zip(
                args.names, args.pairs, outcomes, strict=True)],
        drawn=[dict(id=ids[place], disagreement=disagreement(by_image[place]),
                    counts=[one.counts for one in by_image[place]]) for place in places])
    with replacing_folder(args.out_dir, args.overwrite) as folder:
        for place in places:
            _draw(first, ids[place], by_image[place], args, folder)
        write_json(folder / RECORD, record)
    print_table(('model', 'TP', 'FP', 'FN'), (
        (model['name'], *(str(model[key]) for key in ('tp', 'fp', 'fn')))
        for model in record['models']), f"{counted(len(ids), 'image')}, score >= "
        f'{args.score_thr:g}, IoU >= {args.iou_thr:g}')
    print(f"{counted(len(places), 'picture')} written to {args.out_dir}: "
          + ', '.join(ids[place] for place in places))
    return record


def _tested(config: _Config, args: argparse.Namespace) -> _Tested:
    """Read a config and build its data set; nothing is decoded yet."""
    from mmengine.registry import DATASETS, DefaultScope

    from plugins.apis.load import kind_of
    from plugins.engine.evaluated_part import use_part
    from plugins.engine.session import load_config

    file, options = config
    cfg = load_config(str(file), options)
    kind_of(cfg, expected='detector')
    cfg.test_evaluator = []  # no metric is computed here
    use_part(cfg, args.part)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        dataset = DATASETS.build(cfg.test_dataloader.dataset)
    rows = {Path(dataset.get_data_info(row)['img_path']).stem: row for row in range(len(dataset))}
    if len(rows) < len(dataset):
        raise ValueError(f'config {file}: two of its images have the same file name; ids '
                         'must be unique')
    return _Tested(cfg, dataset, rows)


def _check_same(first: _Tested, other: _Tested) -> None:
    """Check that two configs have the same images with the same labels."""
    mine, its = ({image: (data.dataset.metainfo['classes'],
                          data.dataset.get_data_info(row)['instances'])
                  for image, row in data.rows.items()} for data in (first, other))
    differing = sorted(image for image in mine.keys() | its.keys()
                       if mine.get(image) != its.get(image))
    if differing:
        raise ValueError(f'{first.cfg.filename} and {other.cfg.filename} have different images or '
                         f'labels, such as {differing[0]} ({len(differing)} in all); choose the '
                         'same split, class_map and ignore_types with --cfg-options')


def _chosen(data: _Tested, wanted: Sequence[str] | None) -> list[str]:
    """Return the ids to run on: the wanted ones, or all."""
    unknown = [image for image in wanted or () if image not in data.rows]
    if unknown:
        raise ValueError(f'--ids {" ".join(unknown)}: no such images among the {len(data.rows)} of '
                         f'this part, such as {", ".join(sorted(data.rows)[:8])}')
    return list(dict.fromkeys(wanted or data.rows))


def _run(data: _Tested, checkpoint: Path, ids: Sequence[str], args: argparse.Namespace) -> list:
    """Return a model's Outcome for each image."""
    from rich.progress import track

    from plugins.apis.inference import run_packed, threshold_note
    from plugins.apis.load import load_trained
    from plugins.detection.metrics.image_result import image_result
    from plugins.visualization.inputs import batches
    from plugins.visualization.outcomes import outcome

    trained = load_trained(data.cfg, checkpoint, args.device, args.trust_checkpoint)
    classes = tuple(data.dataset.metainfo['classes'])
    if trained.classes != classes:
        raise ValueError(f'checkpoint {checkpoint}: was trained on the classes '
                         f'{", ".join(trained.classes)}, but the data have {", ".join(classes)}')
    if note := threshold_note(data.cfg, args.score_thr):
        print(f'Note: {checkpoint}: {note}', file=sys.stderr)
    rows = [data.rows[image] for image in ids]
    size = data.cfg.test_dataloader.get('batch_size', 1)
    return [outcome(image_result(sample.to_dict(), 'comparison'), classes, args.score_thr,
                    args.iou_thr)
            for batch in track(list(batches(rows, size)), 'detect')
            for sample in run_packed(trained.model, [data.dataset[row] for row in batch])]


def _draw(data: _Tested, image: str, outcomes: Sequence[Any], args: argparse.Namespace,
          folder: Path) -> None:
    import numpy as np
    from PIL import Image

    from plugins.engine.images import read_image
    from plugins.visualization.comparison import draw_comparison

    note = f'{image}: score ≥ {args.score_thr:g}, IoU ≥ {args.iou_thr:g}'
    path = data.dataset.get_data_info(data.rows[image])['img_path']
    picture = draw_comparison(np.array(read_image(path)), outcomes, args.names, note,
                              len(data.dataset.metainfo['classes']) > 1)
    # Higher compression levels take 4 times as long, to save a tenth.
    Image.fromarray(picture).save(folder / f'{image}.png', compress_level=1)


if __name__ == '__main__':
    run(main)
