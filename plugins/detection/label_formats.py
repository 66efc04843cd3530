"""Read boxes in the forms of common tools: YOLO, Pascal VOC, COCO and KITTI.

Own readers of a few lines each, because those of supervision, mmdet and Ultralytics name no line,
and accept labels without a picture, pixels for shares and numbers of classes without a name.
"""
import glob
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from xml.etree import ElementTree

import yaml

from plugins.detection.coco_dataset import CocoDataset
from plugins.detection.kitti_label import finite, read_labels, text_lines, wrong_line
from plugins.detection.labelled_boxes import inside
from plugins.engine.checks import class_names
from plugins.engine.images import SUFFIXES, image_size
from plugins.engine.name_list import read_names
from plugins.engine.wording import some

PARTS = ('train', 'val', 'test')
_YOLO = ('class', 'x', 'y', 'width', 'height')
# Folders of pictures and of labels; but for them, a picture and its labels have one path.
_FOLDERS = ('images', 'jpegimages', 'image_2', 'labels', 'annotations', 'label_2')


class Box(NamedTuple):
    """A labelled box: corners in pixels from 0, and the file and line that it is from."""

    name: str
    corners: Sequence[float]
    place: str
    ignored: bool = False
    facts: Mapping[str, Any] = {}


class Picture(NamedTuple):
    """A picture, its part, width and height in pixels, and labels."""

    path: Path
    part: str
    size: Sequence[int]
    boxes: list[Box]


def read(form: str, root: Path, without: Path) -> tuple[list[Picture], tuple[str, ...], list[str]]:
    """Read the labelled pictures below a folder, but for those in the folder ``without``.

    Parts are those of ``data.yaml``, of ``ImageSets/`` or of COCO's files, else those that folders
    are named after (train, valid, ...); without any, all pictures are of the part ``train``.

    Returns:
        The pictures, the names of all classes in order, and sentences about what is doubtful.

    Raises:
        OSError, ValueError: Something is missing, contradictory or of another form; the message
            names the file and line.
    """
    files = [name for name in sorted(glob.glob('**/*', root_dir=root, recursive=True))
             if not (root / name).is_relative_to(without)]
    if form == 'coco':
        return _read_coco(root, [name for name in files if name.endswith('.json')])
    pictures = _by_key(root, [name for name in files if name.lower().endswith(SUFFIXES)])
    suffix = '.xml' if form == 'voc' else '.txt'
    labels = _by_key(root, [name for name in files if name.endswith(suffix) and (
        suffix == '.xml' or {'labels', 'label_2'} & {*name.split('/')} or _key(name) in pictures)])
    findings = []
    if alone := sorted(labels.keys() - pictures.keys()):
        raise ValueError(f'{root / labels[alone[0]]}: found no picture for it below {root} '
                         f'({len(alone)} such in all); add it, or remove this file')
    if not labels:
        raise FileNotFoundError(f'{root}: found no label file (*{suffix}) of a picture '
                                f'(*{", *".join(SUFFIXES)}); correct the folder or the format')
    if bare := sorted(pictures.keys() - labels.keys()):
        findings = [f'{root / pictures[bare[0]]} has no label file and counts as background '
                    f'({len(bare)} such in all)']
    about, names, content = _yolo_names(root, files) if form == 'yolo' else (None, (), {})
    parts = _listed_parts(root, files, pictures, about, content)
    if parts and (left := sorted(pictures.keys() - parts.keys())):
        findings.append(f'{root / pictures[left[0]]} is in no part and left out ({len(left)} such '
                        'in all)')
    read_boxes, found = dict(yolo=_yolo, voc=_voc, kitti=_kitti)[form], []
    for key, part in (parts or {key: _part_of(name) for key, name in pictures.items()}).items():
        path = root / pictures[key]
        size = image_size(path)
        boxes = read_boxes(root / labels[key], size, names) if key in labels else ()
        found.append(Picture(path, part, size, [
            box._replace(corners=inside(box.corners, *size, box.place)) for box in boxes]))
    return found, class_names(root, names or sorted(
        {box.name for one in found for box in one.boxes})), findings


def _key(name: str) -> str:
    return '/'.join(part for part in PurePosixPath(name).with_suffix('').parts
                    if part.lower() not in _FOLDERS)


def _by_key(root: Path, names: Iterable[str]) -> dict[str, str]:
    files: dict[str, str] = {}
    for name in names:
        if (first := files.setdefault(_key(name), name)) != name:
            raise ValueError(f'{root / name}: found {first}, too, expected one file of this name, '
                             'as labels belong to a name; rename or remove one of the two')
    return files


def _listed_parts(root: Path, files: Sequence[str], pictures: Mapping[str, str],
                  about: Path | None, content: Mapping) -> dict[str, str]:
    """The part of each picture by data.yaml or ImageSets; nothing if there are none."""
    parts: dict[str, str] = {}
    for part in PARTS:
        entries = content.get(part) or []
        for entry in [entries] if isinstance(entries, str) else entries:
            folder = re.sub(r'^[./]+', '', f'{entry}/'.removeprefix(f'{root}/'))
            keys = [key for key, name in pictures.items() if name.startswith(folder)]
            if not keys or any(parts.setdefault(key, part) != part for key in keys):
                raise ValueError(
                    f'{about}: found {part}: {entry}, expected a folder below {root} with pictures '
                    'that are in no other part; correct the line, or remove it: parts that are '
                    'missing are drawn at random')
    stems = {PurePosixPath(key).name: key for key in pictures}
    for part in () if parts else PARTS:
        for name in {f'ImageSets/Main/{part}.txt', f'ImageSets/{part}.txt'} & {*files}:
            parts |= {stems[stem]: part for stem in read_names(
                root / name, 'the names of pictures without suffix', stems.__contains__)}
    return parts


def _part_of(name: str) -> str:
    words = (re.fullmatch(r'(train|val|test)(ing|id|idation)?\d*', word, re.I)
             for word in re.split(r'[\W_]+', name))
    return next((found[1].lower() for found in words if found), 'train')


def _yolo_names(root: Path, files: Sequence[str]) -> tuple[Path, tuple[str, ...], Mapping]:
    """The file of the class names, the names, and what else it holds."""
    about = root / next((name for name in ('data.yaml', 'data.yml', 'classes.txt')
                         if name in files), 'data.yaml')
    if about.suffix == '.txt':
        return about, class_names(about, read_names(about, 'the classes')), {}
    try:
        content = yaml.safe_load(about.read_text('utf-8-sig'))
        names = content['names']
        names = [names[number] for number in range(len(names))]  # also of {0: ..., 1: ...}
        return about, class_names(about, names), content
    except (yaml.YAMLError, KeyError, OSError, TypeError, ValueError) as error:
        raise ValueError(f'{about}: found {type(error).__name__} {error}, expected a YAML file '
                         'with names: [...]; or a file classes.txt in its place, with a name a line'
                         ) from error


def _yolo(path: Path, size: Sequence[int], names: Sequence[str]) -> Iterator[Box]:
    for line, fields in text_lines(path, 5, f'5: {" ".join(_YOLO)}, of boxes, not of outlines'):
        label, *shares = (finite(*field, line, path) for field in zip(_YOLO, fields, strict=True))
        if label not in range(len(names)):
            raise wrong_line(path, line, f'the class {label:g}', f'0 to {len(names) - 1}, the '
                             f'places of {some(names)}')
        if max(shares) > 1.001:
            raise wrong_line(path, line, f'{shares}', 'shares of the picture from 0 to 1; divide '
                             f'pixels by its width, {size[0]}, or height, {size[1]}')
        x, y, width, height = (shares[place] * size[place % 2] for place in range(4))
        yield Box(names[int(label)], (x - width / 2, y - height / 2, x + width / 2, y + height / 2),
                  f'{path}:{line}')


def _kitti(path: Path, size: Sequence[int], names: Sequence[str]) -> Iterator[Box]:
    for item in read_labels(path, types=None):
        facts = {key: getattr(item, key) for key in ('type', 'truncated', 'occluded', 'alpha')}
        yield Box(item.type, item.bbox, f'{path}:{item.line}', item.type == 'DontCare', facts)


def _voc(path: Path, size: Sequence[int], names: Sequence[str]) -> Iterator[Box]:
    """The official files, and no others, count pixels from 1; difficult objects are ignored."""
    text = path.read_bytes()
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise ValueError(f'{path}:{error.position[0]}: is no XML ({error}); export it again'
                         ) from error
    told = [root.findtext(f'size/{side}') for side in ('width', 'height')]
    if None not in told and told != [*map(str, size)]:
        raise ValueError(f'{path}: found the size {" x ".join(told)}, expected {size[0]} x '
                         f'{size[1]} as its picture has (turned as EXIF says); use the picture '
                         'that was labelled')
    first = int((root.findtext('source/database') or '').startswith('The VOC'))
    lines = [text.count(b'\n', 0, at.start()) + 1 for at in re.finditer(rb'<object\b', text)]
    for one, line in zip(root.iter('object'), lines, strict=False):
        x1, y1, x2, y2 = (finite(name, one.findtext(f'bndbox/{name}', ''), line, path)
                          for name in ('xmin', 'ymin', 'xmax', 'ymax'))
        yield Box(one.findtext('name', '').strip(), (x1 - first, y1 - first, x2, y2),
                  f'{path}:{line}', one.findtext('difficult') == '1')


def _read_coco(root: Path, files: Sequence[str]) -> tuple[list[Picture], tuple[str, ...], list]:
    """By CocoDataset, which checks what it reads."""
    pictures, classes, findings, parts = [], {}, [], {}
    for path in (root / name for name in files):
        part = _part_of(str(path.relative_to(root)))
        if (first := parts.setdefault(part, path)) != path:
            raise ValueError(f'{path}: found {first}, too, expected one file for {part}; move one '
                             'of the two elsewhere')
        try:
            content = json.loads(path.read_bytes())
            names = [one['name'] for one in content['categories']]
            image = content['images'][0]['file_name']
        except (IndexError, KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: found {type(error).__name__} {error}, expected COCO's form; "
                             'correct it, or move what is no file of labels elsewhere') from error
        folders = [path.parent, root, *(folder for folder in sorted(root.glob('**/'))
                                        if _part_of(folder.name) == part)]
        folder = next((one for one in folders if (one / image).is_file()), root / 'images')
        data = CocoDataset(data_root='', ann_file=str(path), data_prefix=dict(img=str(folder)),
                           metainfo=dict(classes=names), test_mode=True)
        findings += data.findings
        classes |= dict.fromkeys(names)
        for info in (data.get_data_info(row) for row in range(len(data))):
            size, place = (info['width'], info['height']), f'{path}: image {info["img_id"]}'
            pictures.append(Picture(Path(info['img_path']), part, size, [
                Box(names[one['bbox_label']], inside(one['bbox'], *size, place), place,
                    bool(one['ignore_flag'])) for one in info['instances']]))
    if not pictures:
        raise FileNotFoundError(f'{root}: found no file *.json; correct the folder or the format')
    return pictures, class_names(root, classes), findings
