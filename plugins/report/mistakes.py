"""The test images that a classifier is surest about, and wrong."""
import io
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plugins.engine.config_diff import changes
from plugins.engine.files import resolve_path

from .collect import Entry
from .pictures import Inline, inline
from .resolved_config import read_resolved

_BATCH = 64
_SIDE = 144  # pixels of a picture on the page
# Keys by which neither a prediction nor a test image changes.
_OF_NO_MATTER = ('init_cfg', 'pretrained', 'loss', 'data_root', 'num_workers', 'cache_dir',
                 'persistent_workers', 'train_geometry', '.color')


class Mistake(NamedTuple):
    """One image.

    Attributes:
        picture: It, sized down.
        truth: Its class.
        predicted: What it was taken for.
        confidence: The score of that, from 0 to 1.
    """

    picture: Inline
    truth: str
    predicted: str
    confidence: float


class Mistakes(NamedTuple):
    """Of one run.

    Attributes:
        worst: The surest first.
        wrong: How many images were classified wrongly.
        looked_at: Of how many.
        images: How many the test has.
    """

    worst: list[Mistake]
    wrong: int
    looked_at: int
    images: int


def worst_mistakes(entry: Entry, most_images: int, shown: int = 12) -> Mistakes:
    """Classify test images again and keep the worst mistakes.

    tools/test.py --out writes predictions as a pickle, which may run code when it is read, so they
    are computed anew here, by the code behind tools/predict.py.

    Args:
        entry: A run that was tested. Its config is run, and the model that it and the record's
            options name is built: see :func:`plugins.report.resolved_config.check_not_foreign`.
        most_images: No more test images than so many are classified; chosen at random, by seed 0.
        shown: How many mistakes are kept.

    Raises:
        OSError: The data, config or checkpoint is not there.
        ValueError: The config has changed since the run, is no classifier's, or its data have no
            source; the checkpoint does not fit.
    """
    from plugins.apis.classify import Classify
    from plugins.apis.trained_model import load_trained
    from plugins.engine.session import load_config

    config = resolve_path(entry.trained['config'])
    cfg = load_config(str(config), entry.trained.get('options') or ())
    _check_unchanged(entry, config, cfg)
    with redirect_stderr(io.StringIO()):
        trained = load_trained(cfg, checkpoint_of(entry))
    classify = Classify(trained)
    chosen, labels, read, images = _test_images(cfg, classify, most_images)
    scores = np.concatenate([classify([read(row) for row in chosen[start:start + _BATCH]])
                             for start in range(0, len(chosen), _BATCH)])
    wrong = np.flatnonzero(scores.argmax(1) != labels[chosen])
    order = wrong[np.argsort(-scores[wrong].max(1), kind='stable')]
    names = trained.classes
    worst = [Mistake(inline(read(chosen[i]), _SIDE), names[labels[chosen[i]]],
                     names[scores[i].argmax()], float(scores[i].max())) for i in order[:shown]]
    return Mistakes(worst, len(wrong), len(chosen), images)


def _check_unchanged(entry: Entry, config: Path, cfg: Any) -> None:
    """What the model or the test data are; hooks and schedules may be others by now."""
    then, now = read_resolved(entry.folder / config.name), cfg._cfg_dict.to_dict()
    for key in ('model', 'test_dataloader'):
        for change in changes(then.get(key), now.get(key), key):
            if not any(part in change.key for part in _OF_NO_MATTER):
                raise ValueError(f'{config}: has changed since the run: {change.key} was '
                                 f'{change.base}, is {change.own}')


def checkpoint_of(entry: Entry) -> Path:
    """The checkpoint that a run names; beside its record, if the folder was moved.

    Raises:
        FileNotFoundError: It is in neither place.
    """
    named = str(entry.trained.get('checkpoint'))
    for path in (entry.folder / Path(named).name, resolve_path(named)):
        if path.is_file():
            return path
    raise FileNotFoundError(f'{named}: no such checkpoint, nor in {entry.folder}')


def _test_images(cfg, classify, most_images: int):
    """Rows to look at, the labels of all, a reader of one row, and how many there are."""
    from plugins.apis.trained_model import evaluated_data
    from plugins.classification.datasets import list_files, load_source, part_rows

    data = evaluated_data(cfg, 'source')
    if data is None:
        raise ValueError(f'{cfg.filename}: test_dataloader.dataset has no source of images')
    source = data.source.to_dict()
    if (files := list_files(source)) is not None:
        paths, labels, classes = files

        def read(row: int) -> np.ndarray:
            return classify.read(paths[row])
    else:
        array = load_source(source)
        labels, classes = array.labels, array.classes

        def read(row: int) -> np.ndarray:
            return np.ascontiguousarray(array.images[row].transpose(1, 2, 0))
    labels = np.asarray(labels)
    rows = part_rows(labels, classes, data.get('part', 'all'), data.get('val_fraction'),
                     data.get('split_seed', 0))
    chosen = np.sort(np.random.default_rng(0).permutation(rows)[:most_images])
    return chosen, labels, read, len(rows)
