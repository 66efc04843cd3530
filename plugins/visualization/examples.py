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

from plugins.engine.files import replacing_folder, write_json
from plugins.engine.run_reader import EXAMPLES_RECORD

MOST = dict(mistakes=12, detections=6)  # number of images kept
_SIDE, _WIDTH = 160, 1000  # maximum width of a mistake and of a drawn scene, in pixels
_SMALL = 64  # pictures of at most this longer side are saved without loss

_Drawn = tuple[np.ndarray, dict[str, Any]]


class ExamplesHook(Hook):
    """Keep a classifier's most confident mistakes, or the images with the most objects to detect.

    The choice is deterministic, also with several processes. A detector's images are chosen only
    by their labels, so that reports on several detectors show the same ones. Only numbers and
    boxes are kept in memory; :meth:`write` reads the pictures of the chosen images.
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
        self._keep(_scenes(outputs) if self._kind == 'detections' else _mistakes(outputs))

    def after_test_epoch(self, runner: Runner, metrics: Any = None) -> None:
        for kept in all_gather_object(self._kept):
            self._keep(kept)

    def _keep(self, found: Mapping[tuple, Any]) -> None:
        best = sorted((self._kept | found).items(), key=lambda pair: pair[0])
        self._kept = dict(best[:MOST[self._kind]])

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
            side, drawn = _SIDE, _drawn_mistakes(self._kept.values(), dataset)
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


def _mistakes(samples: Sequence[Any]) -> dict[tuple, tuple[int, int, int, float]]:
    """Index, true class, predicted class and confidence of the wrongly classified images."""
    if any(len(sample.gt_label) != 1 for sample in samples):
        return {}  # with several labels per image, no single one is the true class
    truth, predicted = (torch.cat([sample.get(key) for sample in samples])
                        for key in ('gt_label', 'pred_label'))
    scores = torch.stack([sample.pred_score for sample in samples]).gather(1, predicted[:, None])
    found = [(sample.sample_idx, *numbers) for sample, *numbers in zip(
        samples, truth.tolist(), predicted.tolist(), scores.flatten().tolist(), strict=True)]
    return {(-score, index): (index, true, answer, score)
            for index, true, answer, score in found if true != answer}


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


def _drawn_mistakes(kept: Iterable[tuple], dataset: Any) -> list[_Drawn]:
    names, classes = dataset.names, dataset.source.classes
    return [(dataset.source.images[dataset.rows[index]].transpose(1, 2, 0), dict(
        name=names[index], truth=classes[truth], predicted=classes[predicted],
        confidence=round(confidence, 4))) for index, truth, predicted, confidence in kept]


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
