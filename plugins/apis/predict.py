"""A trained model's predictions for pictures, as records for JSON."""
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from plugins.engine.checks import number, whole
from plugins.engine.images import read_image
from plugins.visualization.inputs import batches, check_pictures, find_files

from .load import TrainedModel, rounded
from .onnx_model import OnnxModel

# Pictures: files, arrays of uint8, H x W x 3, RGB, or PIL's images; or a folder with subfolders.
Picture = str | Path | np.ndarray | Image.Image
Pictures = Picture | Sequence[Picture]


def predict(trained: TrainedModel | OnnxModel, pictures: Pictures, topk: int = 5,
            score_thr: float = 0.3, batch_size: int = 8) -> Any:
    """What :class:`Predictor` says of a picture, or a list of that of several, in their order.

    Of files in a folder, each record has the name below it as ``image``.

    Raises:
        OSError: There is no such file or folder, or no picture in it.
        ValueError: One of them is not a picture; nothing is predicted then.
    """
    asked, one = _listed(pictures)
    ask = Predictor(trained, topk, score_thr)
    records = [record for batch in batches(asked, batch_size)
               for record in ask([*map(_read, batch)])]
    if isinstance(pictures, str | Path) and not one:
        records = [dict(image=path.relative_to(pictures).as_posix(), **record)
                   for path, record in zip(asked, records, strict=True)]
    return records[0] if one else records


def features(trained: TrainedModel, pictures: Pictures, batch_size: int = 8) -> np.ndarray:
    """What the head of a network is given, averaged over all positions, of each picture.

    Returns:
        (N, channels) float32; of a detector, of the maps of the coarsest scale; (channels,) of a
        single picture.

    Raises:
        OSError, ValueError: See :func:`predict`.
    """
    asked, one = _listed(pictures)
    if not asked:
        raise ValueError('features: found no picture, expected at least one')
    ask, rows = inference_of(trained), []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        maps = (output[0 if trained.kind == 'detector' else -1]
                if isinstance(output, tuple | list) else output).detach().float()
        rows.append((maps.flatten(2).mean(2) if maps.dim() > 2 else maps).cpu())

    last = trained.model.neck if getattr(trained.model, 'with_neck', False) \
        else trained.model.backbone
    with last.register_forward_hook(keep):
        for batch in batches(asked, batch_size):
            ask([*map(_read, batch)])
    found = torch.cat(rows).numpy()
    return found[0] if one else found


def _listed(pictures: Pictures) -> tuple[list[Any], bool]:
    """The pictures, of which those in files can be decoded; whether it is a single one."""
    one = isinstance(pictures, np.ndarray | Image.Image) or (
        isinstance(pictures, str | Path) and not Path(pictures).is_dir())
    if isinstance(pictures, str | Path):
        if not Path(pictures).exists():
            raise FileNotFoundError(f'{pictures}: no such file or folder')
        asked: list[Any] = find_files(Path(pictures))
    else:
        asked = [pictures] if one else list(pictures)
    check_pictures([Path(picture) for picture in asked if isinstance(picture, str | Path)])
    return asked, one


def _read(picture: Picture) -> np.ndarray:
    if isinstance(picture, str | Path):
        return np.asarray(read_image(picture))
    if isinstance(picture, Image.Image):
        return np.asarray(picture.convert('RGB'))
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError(f'a picture is an array of {picture.dtype} {picture.shape}, expected '
                         'uint8 (height, width, 3), RGB')
    return picture


def inference_of(trained: TrainedModel) -> Callable[[Sequence[np.ndarray]], Sequence[Any]]:
    """The model's ``Classify`` or ``Detect``."""
    if trained.kind == 'detector':
        from .detect import Detect
        return Detect(trained)
    from .classify import Classify
    return Classify(trained)


class Predictor:
    """Classify pictures or detect objects in them, as tools/test.py does for the same files.

    Args:
        topk: For a classifier, how many classes to return.
        score_thr: For a detector, the minimum score of a box.

    Attributes:
        settings: ``topk`` or ``score_thr``, whichever applies, with its value.
        note: Why boxes may be missing, see ``threshold_note``; '' if none are.

    Raises:
        ValueError: The config does not define the input, see ``Classify`` and ``Detect``.
    """

    def __init__(self, trained: TrainedModel | OnnxModel, topk: int = 5,
                 score_thr: float = 0.3) -> None:
        topk = whole(self, 'topk', topk, 1)
        score_thr = number(self, 'score_thr', score_thr, 0, 1)
        self.classes, self.note = trained.classes, ''
        self._model = trained if isinstance(trained, OnnxModel) else inference_of(trained)
        if trained.kind == 'detector':
            from .detect import threshold_note
            self.note = threshold_note(trained.config, score_thr)
            self.settings: dict[str, Any] = dict(score_thr=score_thr)
        else:
            self.settings = dict(topk=min(topk, len(self.classes)))

    def __call__(self, images: Sequence[np.ndarray]) -> list[dict[str, Any]]:
        """Predict a batch.

        Returns:
            For each picture, from a classifier: ``class`` and ``score`` of the most likely class,
            and ``topk``, a list of the most likely ones; from a detector: ``detections``.
        """
        answers = self._model(images)
        if 'topk' in self.settings:
            return [self._top(scores) for scores in answers]
        least = self.settings['score_thr']
        return [dict(detections=[one for one in found if one['score'] >= least])
                for found in answers]

    def _top(self, scores: np.ndarray) -> dict[str, Any]:
        order = np.argsort(-scores, kind='stable')[:self.settings['topk']]
        top = [{'class': self.classes[k], 'score': rounded(scores[k])} for k in order]
        return {**top[0], 'topk': top}
