import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.structures import BaseDataElement, InstanceData
from PIL import Image

from plugins.visualization.examples import ExamplesHook

RESULT = dict(checkpoint='best.pth', config_hash='f00')
CLASSES = ('cat', 'dog', 'owl')


def answer(index, truth, scores):
    scores = torch.tensor(scores)
    return BaseDataElement(metainfo=dict(sample_idx=index), gt_label=torch.tensor([truth]),
                           pred_label=scores.argmax()[None], pred_score=scores)


def scene(path, boxes, scores, objects, ignored=0):
    instances = [dict(bbox=[k, 10, k + 20, 30], bbox_label=0, ignore_flag=int(k >= objects))
                 for k in range(objects + ignored)]
    return BaseDataElement(
        metainfo=dict(img_path=str(path), instances=instances),
        pred_instances=InstanceData(bboxes=torch.tensor(boxes).reshape(-1, 4),
                                    scores=torch.tensor(scores),
                                    labels=torch.zeros(len(scores), dtype=torch.long)))


def images(number, side=8):
    """A data set of the last so many of some images: image k is of the grey k."""
    pixels = np.arange(number + 3, dtype=np.uint8)[:, None, None, None].repeat(3, 1)
    source = SimpleNamespace(images=pixels.repeat(side, 2).repeat(side, 3), classes=CLASSES)
    return SimpleNamespace(source=source, rows=np.arange(3, number + 3),
                           names=[f'{k}.png' for k in range(number)])


def kept(folder, dataset, *batches):
    hook = ExamplesHook()
    for number, batch in enumerate(batches):
        hook.after_test_iter(None, number, outputs=batch)
    hook.after_test_epoch(None)
    assert hook.write(folder, dataset, RESULT)
    return json.loads((folder / 'examples.json').read_text())


def test_the_most_confident_mistakes_are_kept_over_all_batches(tmp_path):
    record = kept(tmp_path / 'e', images(4),
                  [answer(0, 0, [.9, .1, 0.]), answer(1, 1, [.25, .25, .5])],
                  [answer(2, 2, [.75, .25, 0.]), answer(3, 2, [0., .5, .5 - 1e-3])])
    assert (record['kind'], record['checkpoint'], record['config_hash']) == (
        'mistakes', 'best.pth', 'f00')
    # Of equal confidence, the first image comes first.
    assert record['examples'] == [
        dict(file='01.webp', name='2.png', truth='owl', predicted='cat', confidence=0.75),
        dict(file='02.webp', name='1.png', truth='dog', predicted='owl', confidence=0.5),
        dict(file='03.webp', name='3.png', truth='owl', predicted='dog', confidence=0.5)]
    pictures = [np.asarray(Image.open(tmp_path / f'e/0{k}.webp')) for k in (1, 2, 3)]
    assert [int(one.max()) for one in pictures] == [5, 4, 6]  # row 3 is the data set's first
    assert pictures[0].shape == (8, 8, 3)


def test_twelve_mistakes_are_kept_each_image_once_and_the_order_of_batches_is_none(tmp_path):
    answers = [answer(k, 0, [0., .5 + k / 100, .5 - k / 100]) for k in range(15)]
    one = kept(tmp_path / 'a', images(15), answers)
    two = kept(tmp_path / 'b', images(15), answers[::-1], answers[:3])  # a sampler's repetition
    assert one == two and [example['name'] for example in one['examples']] == [
        f'{k}.png' for k in range(14, 2, -1)]


def test_a_name_stays_on_one_line_as_the_report_expects(tmp_path):
    dataset = images(1)
    dataset.names = ['\u732b/a\nb\udce9.png']
    one, = kept(tmp_path / 'e', dataset, [answer(0, 1, [1., 0., 0.])])['examples']
    assert one['name'] == r'\u732b/a\nb\udce9.png'.replace(r'\u732b', '\u732b')


def test_large_pictures_are_sized_down_and_earlier_examples_go(tmp_path):
    for side, shown in ((65, 65), (200, 160)):
        kept(tmp_path / 'e', images(1, side=side), [answer(0, 1, [1., 0., 0.])])
        assert Image.open(tmp_path / 'e/01.webp').size == (shown, shown)
    faultless = kept(tmp_path / 'e', images(1), [answer(0, 0, [1., 0., 0.])])
    assert faultless['examples'] == [] and not list((tmp_path / 'e').glob('*.webp'))


def test_a_detectors_images_are_those_with_most_objects_whatever_it_finds(tmp_path):
    paths = [tmp_path / f'{k}.png' for k in range(8)]
    for path in paths:
        Image.new('RGB', (120, 40)).save(path)
    numbers = [1, 3, 0, 3, 1, 1, 2, 1]  # the fourth and later of one object do not fit
    scenes = [scene(path, [[0., 10., 20., 30.], [90., 0., 110., 9.]], [.9, .6], number, ignored=5)
              for path, number in zip(paths, numbers, strict=True)]
    dataset = SimpleNamespace(metainfo=dict(classes=('car',)))
    record = kept(tmp_path / 'e', dataset, scenes[:5], scenes[5:])
    assert record['kind'] == 'detections'
    names = [str(paths[k]) for k in (1, 3, 6, 0, 4, 5)]
    assert [one['name'] for one in record['examples']] == names
    assert [one['fn'] for one in record['examples']] == [2, 2, 1, 0, 0, 0]
    assert record['examples'][0]['tp'] == 1 and record['examples'][0]['fp'] == 1
    assert Image.open(tmp_path / 'e/01.webp').width == 1000


@pytest.mark.parametrize('dataset, batch', [
    (SimpleNamespace(), [answer(0, 1, [1., 0., 0.])]),  # no source of pictures
    (images(1), []),
    (SimpleNamespace(metainfo=dict(classes=('car',))),  # labels that the pipeline left out
     [BaseDataElement(pred_instances=InstanceData(scores=torch.zeros(0)))])])
def test_what_has_no_pictures_writes_nothing(dataset, batch, tmp_path):
    hook = ExamplesHook()
    hook.after_test_iter(None, 0, outputs=batch)
    assert not hook.write(tmp_path / 'e', dataset, RESULT) and not (tmp_path / 'e').exists()


def test_every_answer_is_in_a_table_that_no_spreadsheet_computes(tmp_path):
    dataset = images(2)
    dataset.source.place = lambda row: {3: '=1+1/a.png', 4: 'cat/\u00e4 "b".png'}[row]
    hook = ExamplesHook()
    hook.after_test_iter(None, 0, outputs=[answer(1, 0, [.75, .25, 0.])])
    hook.after_test_iter(None, 1, outputs=[
        answer(0, 2, [.5, .25, .25]), answer(1, 0, [.75, .25, 0.])])
    assert hook.write_answers(tmp_path / 'answers.csv', dataset)
    assert (tmp_path / 'answers.csv').read_text('utf-8').splitlines() == [
        'image,true,predicted,probability', "'=1+1/a.png,owl,cat,0.5",
        '"cat/\u00e4 ""b"".png",cat,cat,0.75']
