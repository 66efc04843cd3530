import hashlib
import io
import logging
import pickle
import struct
import warnings

import numpy as np
import pytest

from plugins.classification.datasets import Cifar10, Cifar100, cifar

NAMES = ('apple', 'bear', 'cup', 'dolphin')


class Python2Pickler(pickle._Pickler):
    """Writes str and bytes as Python 2 wrote its str, as in the official files."""
    dispatch = pickle._Pickler.dispatch.copy()

    def save_str(self, text):
        content = text.encode('latin-1') if isinstance(text, str) else text
        short = len(content) < 256
        length = bytes([len(content)]) if short else struct.pack('<I', len(content))
        self.write((b'U' if short else b'T') + length + content)

    dispatch[str] = dispatch[bytes] = save_str


def python2_dumps(value):
    stream = io.BytesIO()
    Python2Pickler(stream, protocol=2).dump(value)
    return stream.getvalue().replace(b'numpy._core.', b'numpy.core.')


def python3_dumps(value):
    """As a Python 3 script re-packs them: bytes keys, protocol 2."""
    return pickle.dumps({key.encode(): entry for key, entry in value.items()}, protocol=2)


def cifar10(*args, **kwargs):
    return decoded(Cifar10(*args, **kwargs))


def cifar100(*args, **kwargs):
    return decoded(Cifar100(*args, **kwargs))


def decoded(source):
    assert source.images.shape == (len(source), 3, *source.size)
    return source


DUMPS = pytest.mark.parametrize(
    'dumps', [python2_dumps, python3_dumps, pickle.dumps], ids=['python2', 'python3', 'latest'])


def pixels(rows, seed):
    return np.random.RandomState(seed).randint(0, 256, (rows, 3072)).astype(np.uint8)


def write_cifar10(folder, dumps=python3_dumps, **replaced):
    """Five train batches of 4 and a test batch of 3; labels cycle through NAMES."""
    folder.mkdir(parents=True)
    files = {f'data_batch_{k}': {'data': pixels(4, k), 'labels': [k % 4, 0, 1, 2]}
             for k in range(1, 6)}
    files['test_batch'] = {'data': pixels(3, 9), 'labels': [3, 0, 3]}
    files['batches.meta'] = {'label_names': [name.encode() for name in NAMES]}
    for name, content in {**files, **replaced}.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else dumps(content))


def write_cifar100(folder, dumps=python3_dumps):
    folder.mkdir(parents=True)
    batch = {'data': pixels(6, 0), 'fine_labels': [3, 1, 0, 2, 1, 3],
             'coarse_labels': [1, 0, 0, 1, 0, 1]}
    meta = {'fine_label_names': [name.encode() for name in NAMES],
            'coarse_label_names': [b'land', b'sea']}
    for name, content in (('train', batch), ('test', batch), ('meta', meta)):
        (folder / name).write_bytes(dumps(content))


@DUMPS
def test_every_way_of_pickling_gives_the_same_images(tmp_path, dumps):
    write_cifar10(tmp_path / 'cifar-10-batches-py', dumps)
    train, test = cifar10(tmp_path, 'train'), cifar10(tmp_path / 'cifar-10-batches-py', 'test')
    expected = np.stack([row.reshape(3, 32, 32) for k in range(1, 6) for row in pixels(4, k)])
    assert train.images.dtype == np.uint8 and (train.images == expected).all()
    assert train.labels.tolist() == [1, 0, 1, 2, 2, 0, 1, 2, 3, 0, 1, 2, 0, 0, 1, 2, 1, 0, 1, 2]
    assert train.classes == NAMES
    assert (test.images.reshape(3, -1) == pixels(3, 9)).all() and test.labels.tolist() == [3, 0, 3]


@DUMPS
def test_cifar100_has_its_fine_classes(tmp_path, dumps):
    write_cifar100(tmp_path / 'cifar-100-python', dumps)
    source = cifar100(tmp_path, 'train')
    assert source.labels.tolist() == [3, 1, 0, 2, 1, 3] and source.classes == NAMES


@pytest.mark.parametrize('classes, labels, rows, names', [
    (range(2), [1, 0, 1], [1, 2, 4], ('apple', 'bear')),
    (['dolphin', 'apple'], [0, 1, 0], [0, 2, 5], ('dolphin', 'apple')),
    ([2, 'bear'], [1, 0, 1], [1, 3, 4], ('cup', 'bear')),
])
def test_a_subset_is_renumbered_in_the_order_asked_for(tmp_path, classes, labels, rows, names):
    write_cifar100(tmp_path / 'cifar-100-python')
    subset = cifar100(tmp_path, 'test', classes=classes)
    assert subset.labels.tolist() == labels and subset.classes == names
    assert (subset.images.reshape(3, -1) == pixels(6, 0)[rows]).all()


@pytest.mark.parametrize('classes, message', [
    (['dolfin'], "meta: no class 'dolfin'; nearest: dolphin; correct the source's classes"),
    (['zzz'], "no class 'zzz'; nearest: apple, bear, cup, or an index"),
    ([4], 'meta: no class 4; nearest: .*index from 0 to 3; correct'),
    ([-1], 'no class -1'),
    ([0, 'apple'], 'each once'),
    ([], 'at least one'),
])
def test_wrong_subsets_are_rejected(tmp_path, classes, message):
    write_cifar100(tmp_path / 'cifar-100-python')
    with pytest.raises(ValueError, match=message):
        cifar100(tmp_path, 'train', classes=classes)


class Evil:

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


def test_a_few_images_of_each_class(tmp_path):
    write_cifar10(tmp_path / 'cifar-10-batches-py')
    everything = cifar10(tmp_path, 'train')  # labels k % 4, 0, 1, 2 of five batches
    few, fewer = (cifar10(tmp_path, 'train', max_per_class=n, seed=3) for n in (2, 1))
    assert np.bincount(everything.labels).tolist() == [6, 7, 6, 1]
    assert np.bincount(few.labels).tolist() == [2, 2, 2, 1]
    assert np.bincount(fewer.labels).tolist() == [1, 1, 1, 1]
    rows = {image.tobytes() for image in few.images}
    assert rows > {image.tobytes() for image in fewer.images}
    pair = cifar10(tmp_path, 'train', classes=['dolphin', 'bear'], max_per_class=2)
    assert np.bincount(pair.labels).tolist() == [1, 2]


@pytest.mark.parametrize('bad', ['data_batch_3', 'batches.meta'])
def test_a_pickle_that_would_run_code_is_rejected(tmp_path, bad):
    evil = pickle.dumps({b'data': Evil(tmp_path / 'owned')}, protocol=2)
    pickle.loads(evil)[b'data'].close()
    assert (tmp_path / 'owned').exists(), 'the pickle of this test is harmless'
    (tmp_path / 'owned').unlink()
    write_cifar10(tmp_path / 'c', **{bad: evil})
    with pytest.raises(ValueError, match=rf'{bad}: not a CIFAR file or damaged.*io\.open'):
        cifar10(tmp_path / 'c', 'train')
    assert not (tmp_path / 'owned').exists()


@pytest.mark.parametrize('content, message', [
    (python3_dumps({'data': pixels(4, 0), 'labels': [0, 1, 2, 3]})[:-500], 'damaged'),
    (b'', 'damaged'),
    (b'not a pickle', 'damaged'),
    (pickle.dumps([1]), 'holds a list, expected a dict'),
    ({'data': pixels(4, 0), 'fine_labels': [0] * 4}, r"no 'labels' in it, found \['data', 'fine_l"),
    ({'data': pixels(4, 0)[:, 1:], 'labels': [0] * 4}, r'uint8 \(4, 3071\) for 4 labels'),
    ({'data': pixels(4, 0).astype(np.int16), 'labels': [0] * 4}, 'data is int16'),
    ({'data': pixels(4, 0), 'labels': [0] * 3}, r'expected uint8 \(3, 3072\)'),
    ({'data': pixels(4, 0), 'labels': [0, 1, 2, 4]}, r'\[0, 1, 2, 4\]; expected .* from 0 to 3'),
    ({'data': pixels(1, 0), 'labels': [-1]}, r'labels are \[-1\]'),
])
def test_files_with_other_content_are_named(tmp_path, content, message):
    write_cifar10(tmp_path / 'c', data_batch_2=content)
    with pytest.raises(ValueError, match=f'data_batch_2: .*{message}'):
        cifar10(tmp_path / 'c', 'train')


def test_one_line_names_the_unofficial_files(tmp_path, monkeypatch):
    monkeypatch.delattr(hashlib, 'file_digest', raising=False)  # Python 3.10 lacks it
    write_cifar10(tmp_path / 'c')
    lines = []
    monkeypatch.setattr(cifar, 'print_log', lambda *line: lines.append(line))
    with warnings.catch_warnings():
        warnings.simplefilter('error')  # Python's own take two lines, with a path in site-packages
        cifar10(tmp_path / 'c', 'test')
    (text, logger, level), = lines
    assert 'MD5: test_batch, batches.meta;' in text and '\n' not in text
    assert (logger, level) == ('current', logging.WARNING)
    # With sums that fit nothing is said (md5sum of the files of this test).
    upstream = Cifar10.upstream
    sums = {path.name: hashlib.md5(path.read_bytes()).hexdigest()
            for path in (tmp_path / 'c').iterdir()}
    monkeypatch.setattr(upstream, 'test_list', [('test_batch', sums['test_batch'])])
    monkeypatch.setattr(upstream, 'meta', upstream.meta | dict(md5=sums['batches.meta']))
    cifar10(tmp_path / 'c', 'test')
    assert len(lines) == 1


def test_names_tell_rows_of_the_archive_and_need_no_pixels(tmp_path):
    write_cifar10(tmp_path / 'c')
    everything = cifar10(tmp_path / 'c', 'train')
    assert everything.names[7] == f'{tmp_path / "c"}, train: image 7'
    chosen = dict(data_root=tmp_path / 'c', split='train', classes=['dolphin', 'bear'],
                  max_per_class=3, seed=1)
    some = cifar10(**chosen)
    rows = [everything.names.index(name) for name in some.names]
    assert (everything.images[rows] == some.images).all() and len(rows) == 4
    write_cifar100(tmp_path / 'd')
    third = cifar100(tmp_path / 'd', 'test', classes=[NAMES[3]])
    assert third.names == [f'{tmp_path / "d"}, test: image {row}' for row in (0, 5)]


def test_the_listing_decodes_nothing_and_warns_of_nothing(tmp_path, monkeypatch):
    write_cifar10(tmp_path / 'c')
    monkeypatch.setattr(cifar, 'checksum', lambda *_: pytest.fail('the files are checked'))
    listed = Cifar10(tmp_path / 'c', 'train', ['cup'])
    assert listed.labels.tolist() == [0] * 6 and len(listed.names) == 6


def test_a_folder_is_recognised(tmp_path):
    write_cifar10(tmp_path / 'a/cifar-10-batches-py')
    assert list(Cifar10.parts(tmp_path / 'a')) == ['train', 'test']
    assert Cifar100.parts(tmp_path / 'a') == Cifar10.parts(tmp_path) == {}


def test_missing_data_says_what_was_expected_and_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match='nowhere.*no such folder.*cifar-10-python.tar.gz'):
        cifar10(tmp_path / 'nowhere', 'train')
    (tmp_path / 'cifar-100-python.tar.gz').touch()
    with pytest.raises(FileNotFoundError, match='not unpacked yet: tar -xzf .*cifar-100-p'):
        cifar100(tmp_path, 'train')
    write_cifar10(tmp_path / 'cifar-10-batches-py')
    (tmp_path / 'cifar-10-batches-py' / 'data_batch_4').unlink()
    with pytest.raises(FileNotFoundError, match='data_batch_4: missing; found.*data_batch_5'):
        cifar10(tmp_path, 'train')
    assert len(cifar10(tmp_path, 'test')) == 3
