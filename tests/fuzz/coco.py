"""Labels in COCO's JSON."""
import json
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from tests.fuzz.attempt import Attempt, Setting, kind
from tests.fuzz.mutators import VALUES, changed, flipped

_CLASSES = ('car', 'cat')


def _whole(folder: Path) -> dict[str, Any]:
    """Write two images; return their labels, with categories in gaps, as COCO's own."""
    images = folder / 'coco/images'
    images.mkdir(parents=True)
    for name in '12':
        Image.linear_gradient('L').resize((60, 40)).save(images / f'{name}.png')
    boxes = [(1, 3, [5.0, 6.5, 20.0, 10.0]), (1, 7, [0.0, 0.0, 60.0, 40.0]),
             (2, 7, [30.0, 20.0, 12.0, 9.0]), (2, 3, [1.0, 2.0, 3.0, 4.0])]
    return dict(
        images=[dict(id=k, file_name=f'{k}.png', width=60, height=40) for k in (1, 2)],
        annotations=[dict(id=k, image_id=image, category_id=label, bbox=box, iscrowd=0,
                          area=box[2] * box[3]) for k, (image, label, box) in enumerate(boxes, 1)],
        categories=[dict(id=3, name='car'), dict(id=5, name='owl'), dict(id=7, name='cat')])


@kind('COCO file', 200, 'each object has the class and the box of its line in the file')
def coco(rng: Random, setting: Setting) -> Attempt:
    from mmdet.registry import DATASETS
    from mmengine.registry import DefaultScope

    import plugins.detection  # noqa: F401  (registers the checked data set)

    whole = setting.once('coco', _whole)
    path = setting.folder / 'coco/labels.json'
    if rng.random() < 0.2:
        data, told = flipped(rng, json.dumps(whole).encode())
        path.write_bytes(data)
    else:
        content, told = changed(rng, whole, [*VALUES, 3, 5, '1.png', [0.1, 0.1, 0.4, 0.5],
                                             [50.0, 30.0, 20.0, 20.0], [5, 6, -2, 3], 60.0])
        path.write_text(json.dumps(content))

    def use() -> None:
        with DefaultScope.overwrite_default_scope('mmdet'):
            data = DATASETS.build(dict(
                type='CocoDataset', data_root=str(path.parent), ann_file=path.name, pipeline=[],
                data_prefix=dict(img='images'), metainfo=dict(classes=_CLASSES), test_mode=True))
        held = json.loads(path.read_bytes())
        assert isinstance(held['annotations'], list), 'no annotations'
        names = {one['id']: one['name'] for one in held['categories']}
        files = {one['id']: one['file_name'] for one in held['images']}
        wanted = [(files[one['image_id']], names.get(one['category_id']), _corners(one['bbox']))
                  for one in held['annotations']]
        found = [(Path(info['img_path']).name, _CLASSES[one['bbox_label']], one['bbox'])
                 for info in map(data.get_data_info, range(len(data)))
                 for one in info['instances']]
        for one in found:
            assert one in wanted, one
            wanted.remove(one)
        left = [one for one in wanted if one[1] in (None, *_CLASSES)]
        said = sum('left out' in text for text in data.findings)
        assert len(left) == said, f'{len(left)} objects are lost, {said} of them told'

    return Attempt(told, [str(path), str(path.parent / 'images')], use)


def _corners(box: list[float]) -> list[float]:
    x, y, width, height = box
    return [x, y, x + width, y + height]
