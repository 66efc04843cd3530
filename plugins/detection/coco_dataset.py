"""mmdet's CocoDataset with the checks that KittiDataset makes."""
import io
import math
from collections import Counter
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
from mmdet import datasets
from mmdet.datasets.api_wrappers import COCO
from mmdet.registry import DATASETS

from plugins.detection.labelled_boxes import LabelledBoxes, inside
from plugins.engine.images import image_size
from plugins.engine.wording import some


@DATASETS.register_module(force=True)
class CocoDataset(LabelledBoxes, datasets.CocoDataset):
    """Images with labels in COCO's JSON, under upstream's name, so that any config is checked.

    Upstream trains on nothing if a class is misspelt, gives boxes another class's name if the
    order differs from the file's, and accepts shares as boxes and images of other sizes.

    Raises:
        ValueError: The file is broken, its categories are not ``metainfo['classes']``, an image is
            missing or has another size, or a box is not in its image.
    """

    def COCOAPI(self, path: str) -> COCO:  # noqa: N802 (upstream's name)
        """Read and check the file."""
        try:
            with redirect_stdout(io.StringIO()):  # it tells of its progress
                coco, self.findings = COCO(path), []
            for part, key in (('images', 'id'), ('images', 'file_name'), ('annotations', 'id'),
                              ('categories', 'id')):
                values = Counter(one[key] for one in coco.dataset[part] + [])  # nothing but a list
                if repeated := [value for value, number in values.items() if number > 1]:
                    raise ValueError(f'a repeated {key} in {part}, {repeated[0]!r}')
            images = {one['id']: (Path(self.data_prefix.get('img', ''), one['file_name']),
                                  one['width'], one['height']) for one in coco.dataset['images']}
            names = {one['id']: '' + one['name'] for one in coco.dataset['categories']}
            for one in coco.dataset['annotations']:
                one.setdefault('area', math.prod(one['bbox'][2:]))
                for key, known in (('category_id', names), ('image_id', images)):
                    if one[key] not in known:
                        raise ValueError(f'annotation {one["id"]} with the unknown {key} '
                                         f'{one[key]!r}')
            labels = [(one['id'], names[one['category_id']], *images[one['image_id']])
                      for one in coco.dataset['annotations']]
            boxes = np.array([[value + 0. for value in (*one['bbox'], one['area'])]
                              for one in coco.dataset['annotations']])
            boxes = boxes.reshape(len(labels), 5).tolist()
        except (AssertionError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f'{path}: found {type(error).__name__} {error}, expected images, '
                             "annotations and categories in COCO's form") from error
        check_categories([*names.values()], self.metainfo['classes'], path)
        for image, *labelled in images.values():
            if list(size := image_size(image)) != labelled:
                raise ValueError(f'{image}: found {size[0]} x {size[1]} pixels, expected {labelled}'
                                 f' as in {path}; use the images that were labelled')
        seen: dict[tuple, int] = {}
        for (number, label, *image), (x, y, width, height, area) in zip(
                labels, boxes, strict=True):
            place, box = f'{path}: annotation {number}', (x, y, x + width, y + height)
            if (first := seen.setdefault((label, image[0], box), number)) != number:
                self.findings.append(f'{place} repeats annotation {first}; both count as objects')
            if area <= 0 or min(width, height) < 1 < max(box):
                self.findings.append(f'{place} is left out: its area is {area}, its box {box}')
            else:
                inside(box, *image[1:], place)
        return coco


def check_categories(found: Sequence[str], classes: Sequence[str], place: str) -> None:
    """Compare a file's categories with class names, as upstream numbers both by the file's order.

    Raises:
        ValueError: A class is missing or stands twice, or the order differs.
    """
    if [name for name in found if name in classes] != list(classes):
        raise ValueError(f'{place}: found the categories {some(map(repr, found))}, expected among '
                         'them, once each and in this order, the classes of the data set, '
                         f'{some(map(repr, classes))}; correct its metainfo=dict(classes=...)')
