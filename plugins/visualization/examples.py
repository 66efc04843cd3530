"""Keep those images of a test that the report page shows; tools/test.py uses this."""
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.hooks import Hook
from mmengine.runner import Runner
from PIL import Image

from plugins.engine.files import replacing_folder, write_csv, write_json
from plugins.engine.records import EXAMPLES_RECORD

MOST = dict(mistakes=12, detections=6)  # number of images kept
_SIDE, _WIDTH = 160, 1000  # maximum width of a mistake and of a drawn scene, in pixels
_SMALL = 64  # pictures of at most this longer side are saved without loss

_Drawn = tuple[np.ndarray, dict[str, Any]]


class ExamplesHook(Hook):
    """Keep a classifier's answers, or a detector's for the images with the most objects.

    The choice is deterministic, also with several processes. A detector's images are chosen only
    by their labels, so that reports on several detectors show the same ones. Only numbers and
    boxes are kept in memory; :meth:`write` reads the pictures of the chosen images, which of a
    classifier are its most confident mistakes.
    """

    priority = 'LOWEST'

    def __init__(self) -> None:
        self._kind = ''
        self._kept: dict[tuple, Any] = {}  # sort key -> example

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                        outputs: Sequence[Any] | None = None) -> None:
        if not outputs:
            return
        self._kind = 'detections' if 'pred_instances' in outputs[0] else 'mistakes'
        self._keep(_scenes(outputs) if self._kind == 'detections' else _answers(outputs))

    def after_test_epoch(self, runner: Runner, metrics: Any = None) -> None:
        for kept in all_gather_object(self._kept):
            self._keep(kept)

    def _keep(self, found: Mapping[tuple, Any]) -> None:
        most = MOST['detections'] if self._kind == 'detections' else None
        self._kept = dict(sorted((self._kept | found).items())[:most])

    def write(self, folder: Path, dataset: Any, result: Mapping[str, Any]) -> bool:
        """Write the pictures and ``examples.json``; call it in the main process, after the test.

        Args:
            folder: Where to write them; earlier examples are replaced.
            dataset: The tested data set.
            result: The record of the test.

        Returns:
            Whether there was anything to write; False also if the data set has no known pictures.
        """
        if self._kind == 'detections' and self._kept:
            side, drawn = _WIDTH, _drawn_scenes(self._kept.values(), dataset)
        elif self._kind == 'mistakes' and hasattr(dataset, 'source'):
            side, drawn = _SIDE, _drawn_mistakes(self._kept, dataset)
        else:
            return False
        with replacing_folder(folder, overwrite=True) as made:
            examples = []
            for place, (picture, about) in enumerate(drawn, 1):
                image, name = Image.fromarray(np.ascontiguousarray(picture)), f'{place:02}.webp'
                image.thumbnail((side, 2 * side))
                image.save(made / name, quality=75, lossless=max(image.size) <= _SMALL)
                examples.append(dict(about, file=name, name=repr(about['name'])[1:-1]))  # one line
            write_json(made / EXAMPLES_RECORD, dict(
                kind=self._kind, checkpoint=result['checkpoint'], config_hash=result['config_hash'],
                examples=examples))
        return True

    def write_answers(self, file: Path, dataset: Any) -> bool:
        """Write a classifier's answer for each image as a table; False if there is none."""
        if self._kind != 'mistakes' or not self._kept or not hasattr(dataset, 'source'):
            return False
        classes = dataset.source.classes
        write_csv(file, ('image', 'true', 'predicted', 'probability'), (
            (dataset.source.place(dataset.rows[index]), classes[truth], classes[answer],
             f'{confidence:.4g}') for (index,), (truth, answer, confidence) in self._kept.items()))
        return True


def _answers(samples: Sequence[Any]) -> dict[tuple, tuple[int, int, float]]:
    """True class, predicted class and confidence, by the image's index."""
    if any(len(sample.gt_label) != 1 for sample in samples):
        return {}  # with several labels per image, no single one is the true class
    truth, predicted = (torch.cat([sample.get(key) for sample in samples])
                        for key in ('gt_label', 'pred_label'))
    scores = torch.stack([sample.pred_score for sample in samples]).gather(1, predicted[:, None])
    return {(sample.sample_idx,): tuple(numbers) for sample, *numbers in zip(
        samples, truth.tolist(), predicted.tolist(), scores.flatten().tolist(), strict=True)}


def _scenes(samples: Sequence[Any]) -> dict[tuple, tuple[str, Any]]:
    """Path and result of each image whose sample includes its labels."""
    from plugins.detection.metrics.image_result import image_result
    found = {}
    for sample in samples:
        if 'instances' in sample and 'img_path' in sample:
            objects = sum(not one.get('ignore_flag') for one in sample.instances)
            found[-objects, sample.img_path] = (sample.img_path,
                                                image_result(sample.to_dict(), 'examples'))
    return found


def _drawn_mistakes(answers: Mapping[tuple, tuple[int, int, float]], dataset: Any) -> list[_Drawn]:
    names, classes = dataset.names, dataset.source.classes
    worst = sorted((-confidence, index, truth, predicted)
                   for (index,), (truth, predicted, confidence) in answers.items()
                   if truth != predicted)[:MOST['mistakes']]
    return [(dataset.source.images[dataset.rows[index]].transpose(1, 2, 0), dict(
        name=names[index], truth=classes[truth], predicted=classes[predicted],
        confidence=round(-score, 4))) for score, index, truth, predicted in worst]


def _drawn_scenes(kept: Iterable[tuple], dataset: Any) -> list[_Drawn]:
    from plugins.engine.images import read_image

    from .comparison import draw_comparison
    from .outcomes import outcome
    drawn, classes = [], dataset.metainfo['classes']
    for path, result in kept:
        seen = outcome(result, classes)
        picture = draw_comparison(np.array(read_image(path)), [seen], [result.name],
                                  'score ≥ 0.5, IoU ≥ 0.5', len(classes) > 1, _WIDTH)
        drawn.append((picture, dict(name=path, **seen.counts)))
    return drawn
