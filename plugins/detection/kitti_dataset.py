"""KITTI's 2D object detection data, read from its own files without conversion."""
import random
from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path

from mmdet.datasets import BaseDetDataset
from mmdet.registry import DATASETS

from plugins.detection.kitti_label import TYPES, KittiObject, read_labels
from plugins.detection.labelled_boxes import LabelledBoxes, inside
from plugins.engine.files import resolve_path
from plugins.engine.images import CONVERT, image_size
from plugins.engine.name_list import read_names

IMAGE_SUFFIXES = ('.png', '.jpg', '.jpeg')
# detections of these count neither as hits nor as errors in the official evaluation
NEIGHBOURS = {'Car': ('Van',), 'Pedestrian': ('Person_sitting',)}
LAYOUT = """expected KITTI's own layout:
    <data_root>/training/image_2/000000.png   (or .jpg)
    <data_root>/training/label_2/000000.txt
Unpack data_object_image_2.zip and data_object_label_2.zip of
https://www.cvlibs.net/datasets/kitti/eval_object.php there, or draw sample scenes:
    python tools/misc/make_sample_data.py data/sample --sets kitti
and set data_root to data/sample/kitti."""


@DATASETS.register_module()
class KittiDataset(LabelledBoxes, BaseDetDataset):
    """Images and label files of KITTI's 2D object benchmark.

    mmdet's formats have no truncation or occlusion, and cannot mark a Van as
    ignored, i.e. as neither a Car nor background.

    An object whose type is in the class map becomes an instance. One whose
    type is ignored for a class becomes an instance of that class with
    ``ignore_flag=1``. All others are background. Boxes that leave the image by
    up to BOX_SLACK pixels are clipped; boxes further outside are rejected, as
    labels and images then rarely match. Each instance also has KITTI's
    ``type``, ``truncated``, ``occluded`` and ``alpha``, and ``label_bbox``, the box of its line,
    if that was clipped. A line that repeats the type and box of another one is one more object,
    as in the official evaluation, and causes a warning;
    ``metainfo['instance_types']`` lists the types that become instances.
    ``img_id`` is the index of the image in the sorted list of all images.

    Args:
        data_root: Folder of the data set; see ``resolve_path`` for relative ones.
        data_prefix: Folders of the images and label files below data_root.
            Hidden files are skipped.
        class_map: Class name -> its KITTI types, in label order.
        ignore_types: Class name -> the KITTI types ignored for it. By default
            DontCare, and the neighbours that the official evaluation ignores
            (Van for Car, Person_sitting for Pedestrian) unless class_map
            names them.
        ann_file: File below data_root that lists the image ids to use, one per line.
        split: ``dict(seed=..., fractions=dict(train=..., ...))`` to split all
            images at random instead; see :func:`seeded_part`.
        part: The part of the split to use.
        filter_cfg: ``filter_empty_gt`` drops images without an instance that
            is not ignored, ``min_size`` images with a shorter side (pixels).
            Like upstream's, it has no effect with ``test_mode=True``.

    Raises:
        FileNotFoundError: A folder or file is missing.
        ValueError: The files or arguments contradict each other, an image or
            a label file is broken, or a part for training (``test_mode=False``)
            has no instance that is not ignored.
    """

    def __init__(self,
                 data_root: str = 'data/kitti',
                 data_prefix: Mapping[str, str] | None = None,
                 class_map: Mapping[str, Sequence[str]] | None = None,
                 ignore_types: Mapping[str, Sequence[str]] | None = None,
                 split: Mapping | None = None,
                 part: str | None = None,
                 **kwargs) -> None:
        self.class_map = {name: tuple(types)
                          for name, types in (class_map or {'car': ['Car']}).items()}
        mapped = {kind for types in self.class_map.values() for kind in types}
        self.ignore_types = {name: ('DontCare', *(
            kind for own in types for kind in NEIGHBOURS.get(own, ()) if kind not in mapped))
            for name, types in self.class_map.items()} if ignore_types is None else {
            name: tuple(types) for name, types in ignore_types.items()}
        _check_types(self.class_map, self.ignore_types)
        self.split, self.part = split, part
        if (split is None) != (part is None) or (split and kwargs.get('ann_file')):
            raise ValueError(f'found split={split}, part={part}, '
                             f'ann_file={kwargs.get("ann_file")!r}, expected split and part '
                             'together, or ann_file, or none of them (all images)')
        named = mapped | {kind for types in self.ignore_types.values() for kind in types}
        super().__init__(
            data_root=str(resolve_path(data_root)),
            data_prefix=dict(data_prefix or {'img': 'training/image_2',
                                             'label': 'training/label_2'}),
            metainfo={'classes': tuple(self.class_map),
                      'instance_types': tuple(kind for kind in TYPES if kind in named)}, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the label files and image sizes of the chosen part."""
        pairs = _pair_files(Path(self.data_prefix['img']), Path(self.data_prefix['label']))
        ids, places = list(pairs), {name: place for place, name in enumerate(pairs)}
        if self.ann_file:
            ids = read_names(Path(self.ann_file), f'the ids of the {len(ids)} images (file names '
                             f'without suffix, e.g. {ids[0]!r})', places.__contains__)
        elif self.split:
            ids = seeded_part(ids, self.part, **self.split)
        self.findings = []
        return [self._read_pair(places[name], *pairs[name]) for name in ids]

    def _read_pair(self, place: int, image: Path, label: Path) -> dict:
        width, height = image_size(image)
        items = read_labels(label)
        first: dict[tuple, int] = {}
        self.findings += [
            f'{label}:{item.line} repeats the type and box of line {line}; both count as objects'
            for item in items
            if (line := first.setdefault((item.type, item.bbox), item.line)) != item.line]
        instances = [instance for item in items
                     for instance in self._instances(item, width, height, label)]
        return {'img_id': place, 'img_path': str(image), 'height': height, 'width': width,
                'instances': instances}

    def _instances(self, item: KittiObject, width: int, height: int, label: Path) -> list[dict]:
        """One instance for each class that includes or ignores the object."""
        bbox = inside(item.bbox, width, height, f'{label}:{item.line}')
        facts = {'type': item.type, 'truncated': item.truncated, 'occluded': item.occluded,
                 'alpha': item.alpha}
        if bbox != list(item.bbox):
            facts['label_bbox'] = list(item.bbox)
        return [{'bbox': bbox, 'bbox_label': index, 'ignore_flag': int(item.type not in types),
                 **facts}
                for index, (name, types) in enumerate(self.class_map.items())
                if item.type in types or item.type in self.ignore_types.get(name, ())]


def seeded_part(ids: list[str], part: str, seed: int, fractions: dict[str, float]) -> list[str]:
    """Shuffle the ids, divide them into parts and return one part.

    KITTI has no public split: the labels of its official test images are not published.
    The parts are disjoint and together contain every id. The same ids, seed
    and fractions give the same parts on every machine and Python version.

    Args:
        ids: All ids, in any order.
        part: The part to return, a key of fractions.
        fractions: Share of each part, in order; they sum to 1.

    Returns:
        The part in shuffled order, so its first n ids are also a random choice.

    Raises:
        ValueError: The fractions are invalid, or the part is empty.
    """
    if part not in fractions:
        raise ValueError(f'split: found part={part!r}, expected one of {list(fractions)}')
    if any(share <= 0 for share in fractions.values()) or abs(sum(fractions.values()) - 1) > 1e-6:
        raise ValueError(f'split: found fractions {dict(fractions)}, expected positive shares '
                         'that sum to 1')
    ends = [round(share * len(ids)) for share in accumulate(fractions.values(), initial=0.)]
    place = list(fractions).index(part)
    chosen = shuffled(ids, seed)[ends[place]:ends[place + 1]]
    if not chosen:
        raise ValueError(f'split: part {part!r} gets no image: {fractions[part]:g} of {len(ids)}; '
                         'use a larger fraction or more images')
    return chosen


def shuffled(ids: list[str], seed: int) -> list[str]:
    """The ids in the order of which :func:`seeded_part` takes its parts, one after another."""
    ordered = sorted(ids)  # the order of ids may depend on the file system
    random.Random(seed).shuffle(ordered)
    return ordered


def _check_types(class_map: dict[str, tuple[str, ...]],
                 ignore_types: dict[str, tuple[str, ...]]) -> None:
    for argument, mapping in (('class_map', class_map), ('ignore_types', ignore_types)):
        for name, types in mapping.items():
            if name not in class_map:
                raise ValueError(f'{argument}: found the class {name!r}, expected one of '
                                 f'class_map: {list(class_map)}')
            unknown = [kind for kind in types if kind not in TYPES]
            if unknown:
                raise ValueError(f'{argument}[{name!r}]: found {unknown}, expected KITTI types: '
                                 f'{", ".join(TYPES)}')
    named = [kind for types in class_map.values() for kind in types]
    twice = sorted({kind for kind in named if named.count(kind) > 1})
    if twice:
        raise ValueError(f'class_map: found {twice} more than once, expected each type in at '
                         'most one class')


def _pair_files(image_folder: Path, label_folder: Path) -> dict[str, tuple[Path, Path]]:
    """Map each id, sorted, to its image and label file; every file must have its partner."""
    images = _files_by_id(image_folder, IMAGE_SUFFIXES)
    labels = _files_by_id(label_folder, ('.txt',))
    for alone, partner, folder in ((images.keys() - labels, 'label file (.txt)', label_folder),
                                   (labels.keys() - images, 'image', image_folder)):
        if alone:
            first = min(alone)
            raise ValueError(f'{images.get(first) or labels[first]}: found no {partner} for it in '
                             f'{folder} ({len(alone)} such in all). Add it, or remove this file.')
    if not images:
        raise FileNotFoundError(f'{image_folder}: found no image; {LAYOUT}')
    return {name: (images[name], labels[name]) for name in sorted(images)}


def _files_by_id(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    if not folder.is_dir():
        raise FileNotFoundError(f'{folder}: no such folder; {LAYOUT}')
    files: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.'):
            continue
        if path.suffix.lower() not in suffixes:
            raise ValueError(f'{path}: found a file of another kind, expected only '
                             f'{" ".join(suffixes)} in this folder; '
                             f'{CONVERT}, move anything else elsewhere')
        if path.stem in files:
            raise ValueError(f'{path}: found {files[path.stem].name} beside it, expected one file '
                             'per id. Remove one of the two.')
        files[path.stem] = path
    return files
