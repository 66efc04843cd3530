import inspect
import pickle
import re

import numpy as np
import pytest
from mmengine import Config

from plugins.classification.datasets import SOURCES, ArrayDataset, ImageArray, Source, build_source
from plugins.classification.datasets.source import new_source

PIXELS = np.arange(3 * 3 * 2 * 2, dtype=np.uint8).reshape(3, 3, 2, 2)


def make(images=PIXELS, labels=(0, 1, 1), classes=('a', 'b')):
    return ImageArray(images, np.array(labels), classes)


@pytest.mark.parametrize('arguments, message', [
    (dict(labels=[0, 1]), r'images are uint8 \(3, 3, 2, 2\), expected uint8 \(2, 3'),
    (dict(labels=[0, 1, 2]), 'from 0 to 2, expected 0 to 1'),
    (dict(labels=[-1, 0, 1]), 'from -1 to 1'),
    (dict(images=PIXELS.astype(float)), 'images are float64'),
    (dict(images=PIXELS[:, :1]), r'images are uint8 \(3, 1, 2, 2\)'),
    (dict(images=PIXELS[..., 0]), r'images are uint8 \(3, 3, 2\)'),
])
def test_images_and_labels_that_do_not_fit_are_rejected(arguments, message):
    with pytest.raises(ValueError, match=f'ImageArray: .*{message}'):
        make(**arguments)


def test_names_are_one_per_image_and_no_content():
    named = ImageArray(PIXELS, np.zeros(3), ('a',), names=['x', 'y', 'z'])
    assert named.fingerprint == ImageArray(PIXELS, np.zeros(3), ('a',)).fingerprint
    assert np.shares_memory(named.images, PIXELS)
    assert pickle.loads(pickle.dumps(named)).names == ['x', 'y', 'z']
    with pytest.raises(ValueError, match='3 labels but 2 names'):
        ImageArray(PIXELS, np.zeros(3), ('a',), names=['x', 'y'])
    assert not set(make(PIXELS.copy()).names) & set(make().names)


def test_fingerprint_sees_pixels_labels_classes_and_shape():
    pixels = PIXELS.copy()
    pixels[2, 2, 1, 1] += 1
    prints = [
        array.fingerprint for array in (
            make(), make(pixels), make(labels=(0, 1, 0)), make(classes=('a', 'c')),
            make(PIXELS.reshape(3, 3, 4, 1)))
    ]
    assert make().fingerprint == prints[0] and len(prints[0]) == 64
    assert len(set(prints)) == 5


def test_the_fingerprint_is_pinned():
    # Written down once: results name it, and runs on the same data have the same.
    assert make().fingerprint.startswith('cf79a48814b6d7c3')


def test_shared_arrays_cannot_be_written():
    own = np.zeros((3, 3, 2, 2), np.uint8)
    array = make(own)
    for shared in (array.images, array.labels):
        with pytest.raises(ValueError, match='read-only'):
            shared[0] = 1
    own[0] = 1  # the caller's own view stays as it was


def test_a_memory_map_travels_as_its_path(tmp_path):
    np.save(tmp_path / 'large.npy', np.full((3, 3, 99, 99), 7, np.uint8))
    array = make(np.load(tmp_path / 'large.npy', mmap_mode='r'))
    sent = pickle.dumps(array)
    assert len(sent) < 2000
    copy = pickle.loads(sent)
    assert isinstance(copy.images, np.memmap) and (copy.images == 7).all()
    assert copy.fingerprint == array.fingerprint and copy.classes == array.classes
    assert (pickle.loads(pickle.dumps(make())).images == PIXELS).all()


@pytest.fixture
def counted():
    """A data set that counts how often it is built and decoded."""
    calls = {'built': 0, 'decoded': 0}

    @SOURCES.register_module(name='counted')
    class Counted(Source):

        def __init__(self, number=2, **kwargs):
            calls['built'] += 1
            self.number = number

        def listing(self):
            return [f'counted: image {k}' for k in range(self.number)], [0] * self.number, ['a']

        def decode(self):
            calls['decoded'] += 1
            return np.zeros((self.number, 3, 5, 9), np.uint8)

    yield calls
    SOURCES.module_dict.pop('counted')


def test_pixels_are_decoded_when_they_are_asked_for(counted):
    dataset = ArrayDataset({'type': 'counted'})
    assert len(dataset.source) == 2 and dataset.source.classes == ('a',)
    assert dataset.labels.tolist() == [0, 0] and dataset.names[1] == 'counted: image 1'
    assert counted['decoded'] == 0
    assert dataset.source.size == (5, 9) and counted['decoded'] == 1
    dataset.full_init()
    assert dataset[0]['inputs'].shape == (1, 3, 5, 9) and counted['decoded'] == 1


def test_the_pipeline_and_pictures_of_a_source(counted):
    assert new_source({'type': 'counted'}).pipeline == [
        dict(type='LoadImageFromFile'),
        dict(type='FitPicture', size=(5, 9), resize='center_crop'), dict(type='PackInputs')]
    assert (make().picture(1) == PIXELS[1].transpose(1, 2, 0)).all()
    assert build_source(dict(type='cifar10', data_root='none', split='test')).size == (32, 32)


def test_equal_configs_share_one_object(counted, tmp_path, monkeypatch):
    first = build_source({'type': 'counted', 'classes': range(2), 'root': tmp_path})
    config = Config({'source': {'root': tmp_path, 'type': 'counted', 'classes': range(2)}})
    assert build_source(config.source) is first and counted['built'] == 1
    assert new_source(config.source) is not first
    assert build_source({'type': 'counted', 'classes': range(3), 'root': tmp_path}) is not first
    monkeypatch.chdir(tmp_path)  # a relative root now names another folder
    assert build_source({'type': 'counted', 'classes': range(2), 'root': tmp_path}) is not first


def test_the_four_used_last_are_kept(counted):
    kept = build_source({'type': 'counted', 'number': 0})
    for number in range(1, 4):
        build_source({'type': 'counted', 'number': number})
        build_source({'type': 'counted', 'number': 0})
    build_source({'type': 'counted', 'number': 4})  # pushes out number 1
    assert build_source({'type': 'counted', 'number': 0}) is kept
    assert counted['built'] == 5
    build_source({'type': 'counted', 'number': 1})
    assert counted['built'] == 6


def test_an_unknown_type_is_named():
    with pytest.raises(ValueError, match="unknown type 'strange', expected one of .*cifar10"):
        build_source(dict(type='strange'))


def test_the_examples_of_the_docstrings_work(tmp_path):
    """A data set takes one class, as the docstrings of Source and FileSource show."""

    from PIL import Image

    from plugins.classification.datasets import FileSource
    names = dict(SOURCES=SOURCES, Source=Source, FileSource=FileSource, np=np)
    for shown in (Source, FileSource):
        code = inspect.getdoc(shown).split('::\n', 1)[1]
        exec(inspect.cleandoc(re.split(r'\n(?=\S)', code)[0]), names)
    try:
        noise = ArrayDataset(dict(type='noise', split='train'), 'val', val_fraction=0.1)
        assert noise[0]['inputs'].shape == (1, 3, 16, 16) and len(noise) == 10
        Image.new('RGB', (8, 6), (9, 9, 9)).save(tmp_path / 'x.png')
        (tmp_path / 'list.txt').write_text('x.png 1\n')
        listed = build_source(dict(type='from_list', data_root=str(tmp_path), size=4))
        assert listed.labels.tolist() == [1] and (listed.images == 9).all()
    finally:
        for name in ('noise', 'from_list'):
            SOURCES.module_dict.pop(name, None)
