"""Show what a trained model says of a picture, of a folder of pictures or of a video.

    python tools/predict.py CONFIG CHECKPOINT picture.jpg
    python tools/predict.py CONFIG CHECKPOINT pictures/ --out-dir predictions
    python tools/predict.py CONFIG CHECKPOINT drive.mp4 --score-thr 0.5

A classifier's pictures get their likeliest classes beside them, a detector's
their boxes; predictions.json holds the same in numbers. How a picture becomes
an input follows the config's test data, so the figures are those of
tools/test.py (but for a detector's padding, see plugins/apis/detect.py).
Every file of a folder is tried before the first prediction. Upstream's
inferencers (mmpretrain.ImageClassificationInferencer, mmdet.DetInferencer) stop
at these configs: the one needs a pipeline, which an ArrayDataset does not have,
the other wants LoadImageFromFile at its beginning; DetInferencer also accepts
the checkpoint of another model with a warning, and neither reads a video.
mmpretrain's is used for configs that do have a pipeline.
"""
import argparse
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugins.engine.command_line import add_cfg_options, config_file, existing_file, positive, share
from plugins.engine.files import check_folder, replacing_folder, resolve_path
from plugins.engine.wording import counted

RECORD = 'predictions.json'
_VIDEO_WIDTH = 1280  # of an annotated video, pixels


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line; mmengine is imported only once it is known to be well formed."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, help='config of a classifier or of a detector')
    parser.add_argument('checkpoint', type=existing_file, help='checkpoint of it')
    parser.add_argument('input', help='picture, folder of pictures (with those below it) or video')
    parser.add_argument('--out-dir', help='folder to write; default predictions/NAME beside the '
                        "checkpoint, NAME being the input's")
    parser.add_argument('--overwrite', action='store_true',
                        help='replace earlier predictions there')
    parser.add_argument('--score-thr', type=share, default=0.3, metavar='0..1',
                        help='a detector: least score of a box (default: 0.3)')
    parser.add_argument('--topk', type=positive, default=5, metavar='K',
                        help='a classifier: how many classes to name (default: 5)')
    parser.add_argument('--batch-size', type=positive, default=8, metavar='N',
                        help='pictures at a time (default: 8)')
    parser.add_argument('--skip-broken', action='store_true', help='leave out files that are no '
                        f'pictures or broken ones, and name them in {RECORD}')
    parser.add_argument('--device', help='such as cpu or cuda:1; default: a GPU if there is one')
    parser.add_argument('--trust-checkpoint', action='store_true',
                        help='load the checkpoint although it could run code')
    add_cfg_options(parser)
    args = parser.parse_args(argv)
    args.input = resolve_path(args.input)
    if not (args.input.is_file() or args.input.is_dir()):
        parser.error(f'{args.input}: no such file or folder')
    args.out_dir = Path(args.out_dir).absolute() if args.out_dir else (
        args.checkpoint.parent / 'predictions' / args.input.name)
    if args.input.is_dir() and args.out_dir.resolve().is_relative_to(args.input.resolve()):
        parser.error(f'--out-dir {args.out_dir}: lies in the folder of the pictures, and would be '
                     'read with them the next time; choose another one')
    return args


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Predict, and return what ``predictions.json`` holds.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        OSError: A file is missing, or the output folder is in use.
        ValueError: Pictures or the video cannot be decoded (names them), or as
            ``plugins.apis.trained_model.load_trained``.
    """
    args = parse_args(argv)
    check_folder(args.out_dir, args.overwrite, RECORD)
    from plugins.visualization.inputs import Video, find_pictures, is_video

    paths, others = ([], {}) if is_video(args.input) else find_pictures(args.input)
    video = Video(args.input) if is_video(args.input) else None
    trained, ask = load_model(args)
    paths, broken = _sort_out(paths, others, ask, args)
    say = _Boxes(trained.classes, args.score_thr) if trained.kind == 'detector' else _Classes(
        trained.classes, args.topk)
    record = dict(config=str(args.config), checkpoint=str(args.checkpoint), kind=trained.kind,
                  input=str(args.input), classes=list(trained.classes), **say.settings)
    if args.skip_broken:
        record['skipped'] = [dict(image=path.relative_to(args.input).as_posix(), reason=reason)
                             for path, reason in sorted(broken.items())]
    with replacing_folder(args.out_dir, args.overwrite, RECORD) as folder:
        if video is not None:
            record['fps'] = video.fps
            record['predictions'] = _annotate(video, ask, say, args.batch_size,
                                              folder / f'{args.input.stem}.mp4')
        else:
            record['predictions'] = _illustrate(args.input, paths, ask, say, args.batch_size,
                                                folder)
        (folder / RECORD).write_text(as_json(record), encoding='utf-8')
    if not args.input.is_dir() and video is None:
        print('\n'.join(say.lines(record['predictions'][0])))
    print(counted(len(record['predictions']), 'frame' if video else 'picture')
          + (f"; {counted(len(broken), 'file')} left out, see {RECORD}" if broken else '')
          + f'; written to {args.out_dir}')
    return record


def _sort_out(paths: Sequence[Path], others: dict[Path, str], ask: Any, args: argparse.Namespace
              ) -> tuple[list[Path], dict[Path, str]]:
    """The pictures that can be asked about; the other files and why they cannot, if allowed."""
    from rich.progress import track

    from plugins.visualization.inputs import find_broken, refuse_broken

    several = len(paths) > 1
    broken = others | find_broken(track(paths, 'check') if several else paths, ask.check)
    fine = [path for path in paths if path not in broken]
    if not (args.skip_broken and fine):
        refuse_broken(broken, [*paths, *others], 'copy the file anew' if args.input.is_file() else
                      'Copy them anew, or leave them out by --skip-broken' if fine else
                      'No picture is left')
    return fine, broken


def load_model(args: argparse.Namespace) -> tuple[Any, Callable]:
    """The trained model, and what asks it about pictures."""
    from plugins.apis.trained_model import load_trained
    from plugins.engine.checkpoint import trust_checkpoint
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    if args.trust_checkpoint:
        trust_checkpoint(args.checkpoint)
    trained = load_trained(cfg, args.checkpoint, args.device)
    if trained.kind == 'detector':
        from plugins.apis.detect import Detect, threshold_note
        if note := threshold_note(cfg, args.score_thr):
            print(f'Note: {note}', file=sys.stderr)
        return trained, Detect(trained)
    from plugins.apis.classify import Classify
    return trained, Classify(trained)


def as_json(record: dict[str, Any]) -> str:
    """JSON with a line for each prediction, to be read by people too."""
    head = json.dumps({key: value for key, value in record.items() if key != 'predictions'})
    lines = ',\n'.join(json.dumps(entry) for entry in record['predictions'])
    return f'{head[:-1]},\n"predictions": [\n{lines}\n]}}\n'


class _Classes:
    """What a classifier says, in words, numbers and pictures."""

    def __init__(self, classes: Sequence[str], topk: int) -> None:
        self.classes, self.topk = classes, min(topk, len(classes))
        self.settings = dict(topk=self.topk)

    def entry(self, scores: Any) -> dict[str, Any]:
        """The likeliest classes, of equal scores in label order."""
        order = (-scores).argsort(kind='stable')[:self.topk]
        top = [{'class': self.classes[k], 'score': _digits(scores[k])} for k in order]
        return {**top[0], 'topk': top}

    def picture(self, image: Any, entry: dict[str, Any], _width: int | None = None) -> Any:
        """The picture beside bars."""
        from plugins.visualization.classification import draw_topk
        return draw_topk(image, [one['class'] for one in entry['topk']],
                         [one['score'] for one in entry['topk']])

    def lines(self, entry: dict[str, Any]) -> list[str]:
        """Lines for the terminal."""
        return [f"{100 * one['score']:5.1f} %  {one['class']}" for one in entry['topk']]


class _Boxes:
    """What a detector says, in words, numbers and pictures."""

    def __init__(self, classes: Sequence[str], score_thr: float) -> None:
        self.classes, self.score_thr = classes, score_thr
        self.settings = dict(score_thr=score_thr)

    def entry(self, found: Any) -> dict[str, Any]:
        """The boxes from the least score on, in pixels of the picture: x1, y1, x2, y2."""
        return dict(detections=[
            {'class': self.classes[label], 'score': _digits(score),
             'box': [round(float(corner), 3) for corner in box]}
            for box, score, label in zip(*found, strict=True) if score >= self.score_thr])

    def picture(self, image: Any, entry: dict[str, Any], width: int = 900) -> Any:
        """The picture with boxes."""
        from plugins.visualization.detections import draw_detections
        found = entry['detections']
        boxes, scores, names = ([one[key] for one in found] for key in ('box', 'score', 'class'))
        return draw_detections(image, boxes, scores, [self.classes.index(name) for name in names],
                               self.classes, width)

    def lines(self, entry: dict[str, Any]) -> list[str]:
        """Lines for the terminal."""
        return [f"{one['class']} {one['score']:.2f} at {[round(x) for x in one['box']]}"
                for one in entry['detections']] or [
                    f'nothing with a score of at least {self.score_thr:g}']


def _illustrate(given: Path, paths: Sequence[Path], ask: Callable, say: _Classes | _Boxes,
                batch_size: int, folder: Path) -> list[dict[str, Any]]:
    """Write each picture's, in folders as they lie; return the entries."""
    from PIL import Image
    from rich.progress import track

    from plugins.visualization.inputs import batches

    entries = []
    for batch in batches(track(paths, 'predict'), batch_size):
        images = [ask.read(path) for path in batch]
        for path, image, answer in zip(batch, images, ask(images), strict=True):
            name = path.relative_to(given) if given.is_dir() else Path(path.name)
            entries.append(dict(image=name.as_posix(), width=image.shape[1],
                                height=image.shape[0], **say.entry(answer)))
            target = folder / name.parent / f'{name.name}.png'  # a.jpg and a.png may lie together
            target.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(say.picture(image, entries[-1])).save(target)
    return entries


def _annotate(video: Any, ask: Callable, say: _Classes | _Boxes, batch_size: int,
              target: Path) -> list[dict[str, Any]]:
    """Write the video with its frames' predictions; return an entry a frame."""
    from rich.progress import track

    from plugins.visualization.inputs import batches

    entries: list[dict[str, Any]] = []

    def frames() -> Iterator[Any]:
        for batch in batches(track(video, 'predict', total=video.announced or None), batch_size):
            for image, answer in zip(batch, ask(batch), strict=True):
                entries.append(dict(frame=len(entries), seconds=round(
                    len(entries) / video.fps, 3), width=image.shape[1], height=image.shape[0],
                    **say.entry(answer)))
                yield say.picture(image, entries[-1], _VIDEO_WIDTH)

    _write_video(target, frames(), video.fps)
    return entries


def _write_video(target: Path, frames: Iterable[Any], fps: float) -> None:
    """Encode pictures (RGB, uint8) as MPEG-4, which every build of OpenCV can.

    Raises:
        OSError: OpenCV cannot write it.
    """
    import cv2
    writer = cv2.VideoWriter()
    try:
        for frame in frames:
            height, width = (side - side % 2 for side in frame.shape[:2])  # colours: even sides
            if not writer.isOpened() and not writer.open(
                    str(target), cv2.VideoWriter_fourcc(*'mp4v'), fps, (width, height)):
                raise OSError(f'{target}: OpenCV cannot write a video here')
            writer.write(frame[:height, :width, ::-1].copy())
    finally:
        writer.release()


def _digits(score: float) -> float:
    """A number as short as float32's precision lets it be."""
    return float(f'{float(score):.7g}')


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
