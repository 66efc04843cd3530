"""Show what a trained model predicts for a picture, a folder of pictures or a video.

    python tools/predict.py CONFIG CHECKPOINT picture.jpg
    python tools/predict.py RUN picture.jpg   # a work dir of tools/train.py
    python tools/predict.py NAME picture.jpg  # in the zoo, or FILE.pth of publish_model.py
    python tools/predict.py FILE.onnx picture.jpg   # of tools/deployment/export_onnx.py
    python tools/predict.py CONFIG CHECKPOINT pictures/ --out-dir predictions
    python tools/predict.py CONFIG CHECKPOINT drive.mp4 --score-thr 0.5

Pictures are written with a classifier's most likely classes or a detector's boxes;
predictions.json and, of pictures, predictions.csv hold the same in numbers. Pictures are
preprocessed like the config's test data, so the results are those of tools/test.py (except for a
detector's padding, see plugins/apis/inference.py). All files of a folder are checked before the
first prediction.
"""
import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine import command_line
from plugins.engine.files import (
    check_folder,
    replacing_folder,
    resolve_path,
    write_csv,
    write_json,
)
from plugins.engine.wording import counted

if TYPE_CHECKING:
    import numpy as np

    from plugins.apis.predict import Model

RECORD = 'predictions.json'
_SHOWN = 20  # pictures in the table on the terminal
_VIDEO_WIDTH = 1280  # width of an annotated video, pixels


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line before mmengine is imported, so that errors are reported at once."""
    parser = command_line.Parser(description=__doc__.partition('\n')[0])
    command_line.add_trained(parser)
    parser.add_argument('input', help='picture, folder of pictures (with subfolders) or video')
    parser.add_argument('--out-dir', type=Path, help='folder to write; default '
                        "predictions/NAME, NAME being the input's, beside the checkpoint "
                        '(of a published file: in work_dirs)')
    parser.add_argument('--overwrite', action='store_true',
                        help='replace earlier predictions there')
    parser.add_argument('--score-thr', type=command_line.share, default=0.3, metavar='0..1',
                        help='detector: minimum score of a box (default: 0.3)')
    parser.add_argument('--topk', type=command_line.positive, default=5, metavar='K',
                        help='classifier: number of classes to show (default: 5)')
    parser.add_argument('--batch-size', type=command_line.positive, default=8, metavar='N',
                        help='batch size (default: 8)')
    command_line.add_model_options(parser)
    args = command_line.parse_trained(parser, argv)
    args.input = resolve_path(args.input)
    if not (args.input.is_file() or args.input.is_dir()):
        parser.error(f'{args.input}: no such file or folder')
    args.out_dir = args.out_dir or command_line.results_folder(
        args, 'predictions', args.input.name)
    if args.input.is_dir() and args.out_dir.resolve().is_relative_to(args.input.resolve()):
        parser.error(f'--out-dir {args.out_dir}: lies in the folder of the pictures, and would be '
                     'read with them the next time; choose another one')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Predict, and return what ``predictions.json`` holds.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: Pictures or the video cannot be decoded, or see
            ``plugins.apis.load.load_model``.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite)
    from plugins.apis.inference import threshold_note
    from plugins.apis.load import load_model
    from plugins.visualization.inputs import Video, check_pictures, find_files, is_video

    video = Video(args.input) if is_video(args.input) else None
    files = [] if video else find_files(args.input)
    model = load_model(args.config, args.checkpoint, args.device, args.cfg_options,
                       args.trust_checkpoint)
    if note := threshold_note(model.config, args.score_thr):
        print(f'Note: {note}', file=sys.stderr)
    settings = dict(score_thr=args.score_thr) if model.kind == 'detector' else dict(
        topk=min(args.topk, len(model.classes)))
    record = dict(config=str(args.config), checkpoint=str(args.checkpoint), kind=model.kind,
                  input=str(args.input), classes=list(model.classes), **settings)
    check_pictures(files)
    with replacing_folder(args.out_dir, args.overwrite) as folder:
        if video:
            record['fps'] = video.fps
            record['predictions'] = _annotate(video, model, args, folder)
        else:
            record['predictions'] = _illustrate(files, model, args, folder)
        write_json(folder / RECORD, record)
        if not video:
            # A line for a classifier's picture or a detector's box, or one for no box.
            write_csv(folder / RECORD.replace('json', 'csv'),
                      ('image', 'class', 'score', 'x1', 'y1', 'x2', 'y2'),
                      [(entry['image'], one.get('class', ''), one.get('score', ''),
                        *one.get('box', ())) for entry in record['predictions']
                       for one in entry.get('detections', [entry]) or [{}]])
    if args.input.is_file() and not video:
        print('\n'.join(_lines(record['predictions'][0], args.score_thr)))
    elif not video:
        _print_table(record['predictions'])
    print(counted(len(record['predictions']), 'frame' if video else 'picture')
          + f'; written to {args.out_dir}, the numbers to {RECORD}'
          + ' and predictions.csv' * (not video))
    return record


def _illustrate(files: Sequence[Path], model: 'Model', args: argparse.Namespace, folder: Path
                ) -> list[dict[str, Any]]:
    """Write each picture with its prediction, keeping subfolders; return the predictions."""
    import numpy as np
    from PIL import Image

    from plugins.engine.images import read_image

    entries = []
    images = (np.asarray(read_image(path)) for path in files)
    for path, (image, entry) in zip(files, _predicted(images, len(files), model, args),
                                    strict=True):
        name = path.relative_to(args.input).as_posix() if args.input.is_dir() else path.name
        entries.append(dict(image=name, **entry))
        kept = name.endswith('.png') and path.with_suffix('') not in files
        target = folder / (name if kept else f'{name}.png')  # a.jpg and a.png may both exist
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(_drawn(image, entry, model.classes)).save(target)
    return entries


def _annotate(video: Any, model: 'Model', args: argparse.Namespace, folder: Path
              ) -> list[dict[str, Any]]:
    """Write the video with its frames' predictions; return the predictions."""
    from plugins.visualization.inputs import write_video

    entries: list[dict[str, Any]] = []

    def frames() -> Iterator['np.ndarray']:
        for image, entry in _predicted(video, video.announced or None, model, args):
            entries.append(dict(frame=len(entries), seconds=round(len(entries) / video.fps, 3),
                                **entry))
            yield _drawn(image, entry, model.classes, _VIDEO_WIDTH)

    write_video(folder / f'{args.input.stem}.mp4', frames(), video.fps)
    return entries


def _predicted(images: Iterable['np.ndarray'], total: int | None, model: 'Model',
               args: argparse.Namespace) -> Iterator[tuple['np.ndarray', dict[str, Any]]]:
    """Yield each image with its size and its prediction."""
    from plugins.visualization.inputs import batches, with_progress

    for batch in batches(with_progress(images, 'predict', total), args.batch_size):
        found = model.records(batch, args.topk, args.score_thr)
        for image, entry in zip(batch, found, strict=True):
            yield image, dict(width=image.shape[1], height=image.shape[0], **entry)


def _drawn(image: 'np.ndarray', entry: dict[str, Any], classes: Sequence[str], width: int = 900
           ) -> 'np.ndarray':
    if 'topk' in entry:
        from plugins.visualization.classification import draw_topk
        return draw_topk(image, [one['class'] for one in entry['topk']],
                         [one['score'] for one in entry['topk']])
    from plugins.visualization.boxes import draw_detections
    return draw_detections(image, entry['detections'], classes, width)


def _lines(entry: dict[str, Any], score_thr: float) -> list[str]:
    """Return one picture's prediction as lines for the terminal."""
    if 'topk' in entry:
        return [f"{100 * one['score']:5.1f} %  {one['class']}" for one in entry['topk']]
    return [f"{one['class']} {one['score']:.2f} at {[round(x) for x in one['box']]}"
            for one in entry['detections']] or [f'nothing with a score of at least {score_thr:g}']


def _print_table(entries: Sequence[dict[str, Any]]) -> None:
    from plugins.engine.result_table import print_table
    rows = []
    for entry in entries[:_SHOWN]:
        found = Counter(one['class'] for one in entry.get('detections', ()))
        rows.append((entry['image'], f"{entry['class']} {100 * entry['score']:.1f} %"
                     if 'topk' in entry else
                     ', '.join(f'{number} {name}' for name, number in found.items()) or 'nothing'))
    print_table(('picture', 'prediction'), rows, 'Predictions'
                + f', the first {_SHOWN}' * (len(entries) > _SHOWN))


if __name__ == '__main__':
    command_line.run(main)
