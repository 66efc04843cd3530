"""A trained model's predictions for pictures, as records for JSON."""
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from PIL import Image
from torch import nn

from plugins.engine.checks import number, whole
from plugins.engine.images import read_image
from plugins.engine.run_reader import read_run
from plugins.visualization.inputs import batches, check_pictures, find_files

# Pictures: files, arrays of uint8, H x W x 3, RGB, or PIL's images; or a folder with subfolders.
Picture = str | Path | np.ndarray | Image.Image
Pictures = Picture | Sequence[Picture]


class Model(ABC):
    """Classify pictures or detect objects in them, as tools/test.py does for the same files.

    Attributes:
        kind: ``classifier`` or ``detector``.
        classes: Class names in label order.
        config: The config that it was built from, or what is known of it.
        card: What is known about it.
    """

    kind: str
    classes: tuple[str, ...]
    config: Config
    card: dict[str, Any]

    @abstractmethod
    def __call__(self, images: Sequence[np.ndarray]) -> Sequence[Any]:
        """Answer for a batch: (N, classes) scores, or for each picture its detections."""

    def records(self, images: Sequence[np.ndarray], topk: int = 5, score_thr: float = 0.3
                ) -> list[dict[str, Any]]:
        """Predict a batch.

        Args:
            images: The pictures.
            topk: For a classifier, how many classes to return.
            score_thr: For a detector, the minimum score of a box.

        Returns:
            For each picture, from a classifier: ``class`` and ``score`` of the most likely class,
            and ``topk``, a list of the most likely ones; from a detector: ``detections``.

        Raises:
            ValueError: The config does not define the input, see ``Classify`` and ``Detect``.
        """
        topk, least = whole(self, 'topk', topk, 1), number(self, 'score_thr', score_thr, 0, 1)
        if self.kind == 'detector':
            return [dict(detections=[one for one in found if one['score'] >= least])
                    for found in self(images)]
        tops = [[{'class': self.classes[k], 'score': rounded(scores[k])}
                 for k in np.argsort(-scores, kind='stable')[:topk]] for scores in self(images)]
        return [dict(top[0], topk=top) for top in tops]

    def predict(self, pictures: Pictures, topk: int = 5, score_thr: float = 0.3,
                batch_size: int = 8) -> Any:
        """The record of a picture, or a list of those of several, see :meth:`records`.

        Of files in a folder, each record has the name below it as ``image``.

        Raises:
            OSError: There is no such file or folder, or no picture in it.
            ValueError: One of them is not a picture; nothing is predicted then.
        """
        asked, one = _listed(pictures)
        records = [record for batch in batches(asked, batch_size)
                   for record in self.records([*map(_read, batch)], topk, score_thr)]
        if isinstance(pictures, str | Path) and not one:
            records = [dict(image=path.relative_to(pictures).as_posix(), **record)
                       for path, record in zip(asked, records, strict=True)]
        return records[0] if one else records


@dataclass(frozen=True)
class TrainedModel(Model):
    """A model with loaded weights, on its device, in evaluation mode.

    Attributes:
        model: The module.
        run: The work dir that it was loaded from, if it was.
        published: The card in the published file that it was loaded from, if it was.
        images: What the checkpoint says about the images that it was trained on, see
            ``plugins.engine.trained_images``.
    """

    model: nn.Module
    config: Config
    classes: tuple[str, ...]
    kind: str
    run: Path | None = None
    published: dict[str, Any] | None = None
    images: Mapping[str, Any] = field(default_factory=dict)

    @property
    def card(self) -> dict[str, Any]:
        """What is known about it, see ``plugins.apis.publish.facts``."""
        from .publish import facts
        return self.published or facts(self, self.run and read_run(self.run))

    @cached_property
    def inference(self) -> Any:
        """What answers for a batch, ``Classify`` or ``Detect``."""
        from .inference import Classify, Detect
        return (Detect if self.kind == 'detector' else Classify)(self)

    def __call__(self, images: Sequence[np.ndarray]) -> Sequence[Any]:
        return self.inference(images)

    def features(self, pictures: Pictures, batch_size: int = 8) -> np.ndarray:
        """What the head of the network is given, averaged over all positions, of each picture.

        Returns:
            (N, channels) float32; of a detector, of the maps of the coarsest scale; (channels,) of
            a single picture.

        Raises:
            OSError, ValueError: See :meth:`predict`.
        """
        asked, one = _listed(pictures)
        if not asked:
            raise ValueError('features: found no picture, expected at least one')
        rows = []

        def keep(module: Any, inputs: Any, output: Any) -> None:
            maps = (output[0 if self.kind == 'detector' else -1]
                    if isinstance(output, tuple | list) else output).detach().float()
            rows.append((maps.flatten(2).mean(2) if maps.dim() > 2 else maps).cpu())

        last = self.model.neck if getattr(self.model, 'with_neck', False) else self.model.backbone
        with last.register_forward_hook(keep):
            for batch in batches(asked, batch_size):
                self([*map(_read, batch)])
        found = torch.cat(rows).numpy()
        return found[0] if one else found


def _listed(pictures: Pictures) -> tuple[list[Any], bool]:
    """The pictures, of which those in files can be decoded; whether it is a single one."""
    named = isinstance(pictures, str | Path)
    if named and not Path(pictures).exists():
        raise FileNotFoundError(f'{pictures}: no such file or folder')
    one = not Path(pictures).is_dir() if named else isinstance(pictures, np.ndarray | Image.Image)
    asked: list[Any] = find_files(Path(pictures)) if named else \
        [pictures] if one else list(pictures)
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


def rounded(score: float) -> float:
    """Round a score to the 7 significant digits of a float32."""
    return float(f'{float(score):.7g}')
