"""What data sets of labelled boxes share: checks of their boxes, fingerprints and image names."""
import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

from mmengine.logging import print_log

from plugins.engine.wording import some

# Pixels. KITTI's boxes never leave the image; those of other tools may, by rounding.
BOX_SLACK = 2


class LabelledBoxes:
    """Mixin for a BaseDetDataset of boxes in pixels of the image file.

    ``findings`` are sentences about doubtful labels, which are warned of. A part for training
    (``test_mode=False``) without an object that is not ignored is rejected.
    """

    findings: Sequence[str] = ()

    def filter_data(self) -> list[dict]:
        """Warn of doubtful labels, and drop images according to filter_cfg."""
        reach = [max(one['bbox'][2] / info['width'], one['bbox'][3] / info['height'])
                 for info, one in _objects(self.data_list)]
        if len(reach) >= 20 and max(reach) < 2 / 3:
            self.findings = [*self.findings, (
                f'{self._labels}: none of {len(reach)} boxes reaches beyond {max(reach):.2f} of '
                'the width or height of its image; are they in pixels of smaller images?')]
        if self.findings:
            print_log(some(self.findings, '; '), 'current', logging.WARNING)
        rules: Mapping = {} if self.test_mode or not self.filter_cfg else self.filter_cfg
        kept = [info for info in self.data_list
                if min(info['height'], info['width']) >= rules.get('min_size', 0)]
        if not kept:
            raise ValueError(f'{self._labels}: filter_cfg {dict(rules)} leaves none of '
                             f'{len(self.data_list)} images of this part; list images, and give a '
                             'min_size that some of them have')
        with_objects = [info for info in kept if any(_objects([info]))]
        if not self.test_mode and not with_objects:
            raise ValueError(f'{self._nothing_in(kept)} to train on. Use classes that occur, a '
                             'larger part or a lower min_size; test_mode=True reads a part that '
                             'is only evaluated.')
        return with_objects if rules.get('filter_empty_gt') else kept

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 hex digest of class names, ids, image sizes and instances of the chosen part.

        Pixels, the order of images and objects that are background are not included.
        """
        content = sorted((Path(info['img_path']).stem, info['height'], info['width'],
                          json.dumps(info['instances'])) for info in self._infos)
        return hashlib.sha256(
            json.dumps([self.metainfo['classes'], content]).encode()).hexdigest()

    @property
    def names(self) -> list[str]:
        """A unique name per image of the chosen part: its file."""
        return [str(Path(info['img_path']).resolve()) for info in self._infos]

    @property
    def nothing_to_find(self) -> str:
        """A sentence for messages if no image of this part has a relevant object; else ''."""
        infos = self._infos
        return '' if any(_objects(infos)) else self._nothing_in(infos)

    @property
    def _infos(self) -> list[dict]:
        self.full_init()
        return [self.get_data_info(index) for index in range(len(self))]

    @property
    def _labels(self) -> str:
        return self.data_prefix.get('label') or self.ann_file

    def _nothing_in(self, infos: list[dict]) -> str:
        wanted = getattr(self, 'class_map', self.metainfo['classes'])
        return (f'{self._labels}: none of the {len(infos)} images of this part '
                f'(part={getattr(self, "part", None)!r}, ann_file={self.ann_file!r}) has an '
                f'object of {wanted}')


def inside(box: Sequence[float], width: int, height: int, place: str) -> list[float]:
    """A labelled box (x1, y1, x2, y2), clipped to its image.

    Raises:
        ValueError: Its corners are swapped, it is a share of the image, or outside, as where labels
            and images are of different sizes; the message begins with ``place``.
    """
    x1, y1, x2, y2 = box
    if not (x1 < x2 and y1 < y2):
        raise ValueError(f'{place}: found the corners {x1:g}, {y1:g}, {x2:g}, {y2:g}, expected the '
                         'second to the right of and below the first; correct or remove the box')
    if min(box) >= 0 and max(box) <= 1:
        raise ValueError(f'{place}: found the box {box}, expected pixels; this is a share of the '
                         f'image of {width} x {height}: multiply by its width and height')
    if not all(low >= -BOX_SLACK and high <= side + BOX_SLACK and max(low, 0) < min(high, side)
               for low, high, side in ((x1, x2, width), (y1, y2, height))):
        raise ValueError(
            f'{place}: found the box {box}, expected it inside the image of {width} x {height} '
            f'pixels (up to {BOX_SLACK} beyond are clipped). If many boxes do this, labels and '
            'images are of different sizes: use the images that were labelled, or scale the '
            'boxes; else correct this one.')
    return [max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))]


def _objects(infos: Sequence[Mapping]) -> Iterator[tuple[Mapping, Mapping]]:
    """Pairs of an image and an instance that is not ignored."""
    return ((info, one) for info in infos for one in info['instances'] if not one['ignore_flag'])
