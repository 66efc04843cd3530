"""Cross-validate a config: each image is tested by a model that was not trained on it."""
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from mmengine.config import Config

from plugins.classification.datasets import build_source
from plugins.classification.metrics import ClassReport
from plugins.engine.config_keys import config_hash, dotted, find
from plugins.engine.files import lock, safe_cell, write_csv, write_json
from plugins.engine.intervals import accuracy_interval, resampled_interval
from plugins.engine.quiet import Tool, quiet
from plugins.engine.records import (
    ANSWERS,
    KFOLD_RECORD,
    RECORD,
    TEST_FOLDER,
    read_record,
    read_table,
)
from plugins.engine.session import load_config
from plugins.engine.wording import some

_WORST = 12  # number of mistakes in the record
_TOP1 = 'accuracy/top1'


class Answer(NamedTuple):
    """What a model said of an image that it was not trained on."""

    image: str
    true: str
    predicted: str
    probability: str


@dataclass(frozen=True)
class Folds:
    """How images are dealt into folds, see ``ArrayDataset``."""

    number: int = 5
    repeats: int = 1
    seed: int = 0
    groups: str | None = None  # a CSV file

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Repeat and index of each fold."""
        return ((repeat, index) for repeat in range(self.repeats) for index in range(self.number))


def cross_validate(config: Path, work_dir: Path, folds: Folds, train: Tool, test: Tool,
                   options: Sequence[str] = (), flags: Sequence[str] = (),
                   tell: Callable[[str], None] = print) -> dict[str, Any]:
    """Train and test once for each fold; what is done already is not done again.

    The folds are of the training data set's images: the test set of the config is not used.

    Args:
        config: Config of a classifier whose training data set is an ArrayDataset.
        work_dir: Each fold's run is in a folder in it, beside the record and all answers.
        folds: How images are dealt into folds; repeat r uses seed + r.
        train, test: ``main`` of tools/train.py and tools/test.py.
        options: ``KEY=VALUE`` changes to the config.
        flags: Flags for both tools, such as ``--amp``.
        tell: Called with a line after each fold.

    Returns:
        The content of ``kfold.json``.

    Raises:
        OSError: A file cannot be read or written, or the folder is in use.
        ValueError: The config cannot be cross-validated, or the folder has other folds.
    """
    cfg = load_config(str(config), options)
    paths = {part: _dataset(cfg, part) for part in ('train', 'val', 'test')
             if part != 'val' or cfg.get('val_dataloader')}
    source = find(cfg._cfg_dict, f'{paths["train"]}.source')
    planned = {fold: [*options, *_options(cfg, paths, source, folds, *fold)] for fold in folds}
    data = build_source(source).fingerprint
    start, done, values, answers = time.monotonic(), 0, [], []
    seconds = 0.
    with lock(work_dir):
        for place, ((repeat, index), own) in enumerate(planned.items(), 1):
            folder = work_dir / f'repeat{repeat}-fold{index}'
            expected = config_hash(load_config(str(config), own))
            changes = [*flags, *(['--cfg-options', *own] if own else [])]
            if (folder / RECORD).is_file():
                _check_same(folder, read_record(folder / RECORD, None, 'config_hash'), expected)
            else:
                done += 1
                with quiet(work_dir / f'{folder.name}.log'):
                    train([str(config), '--work-dir', str(folder), '--resume',
                           '--seed', str(cfg.randomness.seed + repeat), *changes])
            trained = read_record(folder / RECORD, None, 'checkpoint', 'data_fingerprint')
            file = folder / TEST_FOLDER / ANSWERS
            if not file.is_file():
                with quiet(work_dir / f'{folder.name}.test.log'):
                    test([str(config), str(folder / Path(trained['checkpoint']).name),
                          '--work-dir', str(file.parent), '--overwrite', *changes])
            tested = read_record(file.parent / RECORD, None, 'metrics', 'classes')
            if data != trained['data_fingerprint']['train']:
                raise ValueError(f'{folder}: its images are not those that are there now; restore '
                                 'them, or choose another folder for the results')
            found = [Answer(*row) for row in read_table(file, folder, 'tools/test.py')[1:]]
            answers += [(repeat, answer) for answer in found]
            values.append(tested['metrics'][_TOP1])
            seconds += trained['seconds'] + tested['seconds']
            left = (time.monotonic() - start) / max(done, 1) * (len(planned) - place)
            tell(f'fold {place} of {len(planned)}: {values[-1]:.1f} % of {len(found)} images'
                 + (f', about {left:.0f} s left' if done and place < len(planned) else ''))
        classes = list(tested['classes'])
        record = dict(
            mode='kfold', config=str(trained['config']), options=list(options), seed=folds.seed,
            folds=folds.number, repeats=folds.repeats, groups=folds.groups,
            seconds=round(seconds, 1), device=trained['device'], precision=trained['precision'],
            parameters=trained['parameters'], recipe=trained['recipe'],
            git_commit=trained['git_commit'], data_fingerprint=dict(train=data),
            **pooled(answers, classes, values))
        write_csv(work_dir / ANSWERS, ('repeat', *Answer._fields),
                  ((repeat, *answer) for repeat, answer in answers))
        write_json(work_dir / KFOLD_RECORD, record)
    return record


def pooled(answers: Sequence[tuple[int, Answer]], classes: Sequence[str],
           values: Sequence[float]) -> dict[str, Any]:
    """Metrics over the answers of all folds, with the interval of the accuracy.

    The interval covers two: Wilson's, as the images are few, and the corrected resampled one, as
    the folds' models differ; the latter alone would be empty where all folds agree.

    Args:
        answers: Number of the repeat and answer, for each image in each repeat.
        classes: Class names.
        values: The accuracy of each fold in %.

    Raises:
        ValueError: An image was not tested exactly once in a repeat.
    """
    tested = Counter((repeat, answer.image) for repeat, answer in answers)
    repeats, images = {repeat for repeat, _ in tested}, {image for _, image in tested}
    if wrong := [image for repeat in repeats for image in images if tested[repeat, image] != 1]:
        raise ValueError(f'not tested exactly once in each repeat: {some(wrong)}; were files added '
                         'or removed in between? Choose another --work-dir')
    index = {safe_cell(name): place for place, name in enumerate(classes)}
    report = ClassReport()
    report.dataset_meta = dict(classes=classes)
    figures = report.compute_metrics([(index[one.true], index[one.predicted])
                                      for _, one in answers])
    accuracy = 100 * fmean(one.true == one.predicted for _, one in answers)
    spans = accuracy_interval(accuracy, len(images)), resampled_interval(
        values, 1 / (len(values) / len(repeats) - 1))
    worst = sorted({one for _, one in answers if one.true != one.predicted},
                   key=lambda one: -float(one.probability))[:_WORST]
    return dict(
        images=len(images), values=list(values),
        metrics={_TOP1: accuracy, **{key: value for key, value in figures.items()
                                     if isinstance(value, float)}},
        intervals={_TOP1: [min(low for low, _ in spans), max(high for _, high in spans)]},
        classes=figures['classes'], confusion_matrix=figures['confusion_matrix'],
        worst=[one._asdict() for one in worst])


def _check_same(folder: Path, record: dict[str, Any], expected: str) -> None:
    if record['config_hash'] != expected:
        raise ValueError(f'{folder}: holds a fold of another config, other --cfg-options or other '
                         'folds, or a config file has changed; choose another folder for the '
                         'results, or move this one elsewhere')


def _dataset(cfg: Config, part: str) -> str:
    """The key of a loader's ArrayDataset, inside any wrappers."""
    path = f'{part}_dataloader.dataset'
    while find(cfg._cfg_dict, f'{path}.type', '') != 'ArrayDataset':
        path += '.dataset'
        if find(cfg._cfg_dict, path) is None:
            raise ValueError(f'{cfg.filename}: {part}_dataloader has no ArrayDataset, whose images '
                             'alone can be dealt into folds')
    return path


def _options(cfg: Config, paths: Mapping[str, str], source: Mapping[str, Any], folds: Folds,
             repeat: int, index: int) -> list[str]:
    """The changes by which a config trains on all folds but one, and tests on that one."""
    settings = dict(number=folds.number, index=index, seed=folds.seed + repeat)
    if folds.groups:
        settings['groups'] = folds.groups
    wanted = {f'{path}.folds.{key}': value for path in paths.values()
              for key, value in settings.items()}
    test = paths['test']
    if superfluous := [key for key in find(cfg._cfg_dict, f'{test}.source') if key not in source]:
        raise ValueError(f'{cfg.filename}: the source of test_dataloader has the key '
                         f'{superfluous[0]}, that of train_dataloader does not; expected both to '
                         'have the same keys')
    wanted |= {f'{test}.part': 'test', **dict(dotted(source, f'{test}.source'))}
    absent = object()
    return [f'{"+" * (now is absent)}{key}={value}' for key, value in wanted.items()
            if (now := find(cfg._cfg_dict, key, absent)) != value]
