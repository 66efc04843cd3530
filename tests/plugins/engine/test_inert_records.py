"""Files by earlier versions, which held objects of numpy and mmengine, are understood."""
import hashlib
import io
from collections import OrderedDict

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim.scheduler.param_scheduler import OneCycleParamScheduler

from plugins.engine.checkpoint import read_checkpoint
from plugins.engine.plain_values import INERT, Inert, is_known, plain, reject
from tests.plugins.engine.composed_pickles import VECTOR, mapping, write_before_1_6, write_zip


@pytest.fixture
def earlier(tmp_path):
    """A function: what is read from a file with these objects."""
    def call(content, old_numpy=False):
        torch.save(content, tmp_path / 'a.pth')
        if old_numpy:
            records = io.BytesIO((tmp_path / 'a.pth').read_bytes())
            pickled = torch._C.PyTorchFileReader(records).get_record('data.pkl')
            write_zip(tmp_path / 'a.pth',
                      pickled[2:-1].replace(b'numpy._core.multiarray', b'numpy.core.multiarray'))
        return read_checkpoint(tmp_path / 'a.pth')
    return call


def test_a_checkpoint_with_everything_that_earlier_versions_wrote(earlier):
    empty = HistoryBuffer()
    found = earlier(dict(
        state_dict=OrderedDict(w=torch.ones(2), p=torch.nn.Parameter(torch.ones(1))),
        message_hub=dict(log_scalars=OrderedDict(log=HistoryBuffer([1.5, 2.5], [1, 3]), none=empty),
                         runtime_info=OrderedDict(best_score=np.float64(0.5)), resumed_keys={}),
        param_schedulers=[dict(last_step=3, anneal_func=OneCycleParamScheduler._annealing_cos)],
        meta=dict(classes=('a', 'b'))))
    history = found['message_hub']['log_scalars']['log']
    assert type(history) is HistoryBuffer
    assert [part.tolist() for part in history.data] == [[1.5, 2.5], [1, 3]]
    assert history.current() == 2.5 and history.statistics('max') == 2.5
    assert found['param_schedulers'] == [dict(last_step=3)]
    assert found['message_hub']['runtime_info']['best_score'] == 0.5
    assert found['meta']['classes'] == ('a', 'b')
    assert type(found['state_dict']['p']) is torch.Tensor


@pytest.mark.parametrize('old_numpy', [False, True], ids=['numpy 2', 'numpy 1'])
@pytest.mark.parametrize('array', [
    np.arange(6.).reshape(2, 3), np.arange(6).reshape(2, 3).T, np.zeros((0, 3)), np.array(7),
    np.array([True, False]), np.arange(3, dtype='>i2'), np.float16([0.5]), np.uint8([1, 255])],
    ids=str)
def test_arrays_and_numbers(earlier, array, old_numpy):
    found = earlier(dict(array=array, number=array.flat[0] if array.size else 0), old_numpy)
    np.testing.assert_array_equal(found['array'].numpy(), array)
    assert found['number'] == (array.flat[0] if array.size else 0)
    assert type(found['number']) in (bool, int, float)


@pytest.mark.parametrize('value', [
    np.array([None]), np.array(['a']), np.datetime64('2020-01-01'), np.zeros(2, 'f4,i4'),
    np.complex64(1)], ids=str)
def test_other_arrays_are_rejected(earlier, value):
    with pytest.raises(ValueError, match='a.pth: (not a readable checkpoint|rejected)'):
        earlier(dict(extra=value))


def test_records_hold_what_they_are_given_and_nothing_else():
    for kind in INERT.values():
        record = kind(1, print)
        assert isinstance(record, Inert) and record.args == (1, print) and record.state is None
        record.__setstate__(dict(args=2))
        assert record.args == (1, print) and not hasattr(record, '__dict__') \
            and not callable(record)


@pytest.mark.parametrize('name', [
    'builtins.eval', 'os.system', 'torch.Tensor', 'torch._utils._rebuild_sparse_tensor',
    'torch.storage._load_from_bytes', 'torch.QInt8Storage', 'torch.load', 'torch.float32.x',
    'torch.hub.load', 'numpy.load', 'mmengine.logging.history_buffer.HistoryBuffer.min'])
def test_other_names_are_unknown(name):
    assert not is_known(name)


def test_every_known_name_of_torch_is_on_its_own_list():
    from torch._weights_only_unpickler import _get_allowed_globals
    kept = {name for name in _get_allowed_globals() if is_known(name)}
    called = {name for name in kept if callable(_get_allowed_globals()[name])}
    assert called == {
        'collections.OrderedDict', 'collections.Counter', 'builtins.set', 'builtins.complex',
        '_codecs.encode', 'torch.Size', 'torch.device', 'torch.storage.UntypedStorage',
        'torch._utils._rebuild_tensor', 'torch._utils._rebuild_tensor_v2',
        'torch._utils._rebuild_tensor_v3', 'torch._utils._rebuild_parameter'}


def test_a_damaged_record_is_named():
    with pytest.raises(ValueError, match=r'a\.b: damaged numpy.core.multiarray.scalar'):
        plain({'a': {'b': INERT['numpy.core.multiarray.scalar'](1)}}, reject)


def test_the_format_before_1_6_is_read_if_its_name_has_its_checksum(tmp_path, monkeypatch):
    monkeypatch.delattr(hashlib, 'file_digest', raising=False)  # Python 3.10 lacks it
    file = write_before_1_6(tmp_path, mapping(w=VECTOR))
    assert read_checkpoint(file)['w'].tolist() == [1, 2, 3, 4]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=f'{file.name}: rejected, damage would go unnoticed'):
        read_checkpoint(file)
    file = write_before_1_6(tmp_path, mapping(w=VECTOR)).rename(tmp_path / 'a.pth')
    with pytest.raises(ValueError, match='a.pth: rejected, .*no checksums.*Save it again: ') as e:
        read_checkpoint(file)
    monkeypatch.chdir(tmp_path)
    exec(str(e.value).rpartition('again: ')[2])
    assert read_checkpoint('new.pth')['w'].tolist() == [1, 2, 3, 4]
