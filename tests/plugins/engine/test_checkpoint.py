import io
import os
import re
import zipfile
from email.message import Message
from urllib.error import URLError
from urllib.response import addinfourl

import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader, load_state_dict

from plugins.engine.checkpoint import misfit, published_url, read_checkpoint, trust_checkpoint
from plugins.engine.work_dir import is_whole

RESNET18 = 'resnet18-f37072fd.pth'  # torchvision/models/resnet.py, ResNet18_Weights.IMAGENET1K_V1


class Malicious:
    """Unpickling it makes a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def weights(value: float, **extra: object) -> bytes:
    file = io.BytesIO()
    torch.save(dict(w=torch.full((2,), value), **extra), file)
    return file.getvalue()


def test_reads_what_mmengine_saves(tmp_path):
    hub = dict(log_scalars=dict(log=HistoryBuffer([1., 2.], [1, 1])))
    torch.save(dict(state_dict=dict(w=torch.ones(2)), message_hub=hub), tmp_path / 'a.pth')
    loaded = read_checkpoint(tmp_path / 'a.pth')
    assert loaded['state_dict']['w'].tolist() == [1, 1]
    assert loaded['message_hub']['log_scalars']['log'].mean() == 1.5


def test_rejects_code_and_does_not_run_it_unless_trusted(tmp_path):
    victim, file = tmp_path / 'victim', tmp_path / 'evil.pth'
    file.write_bytes(weights(1., extra=Malicious(victim)))
    for read in (read_checkpoint, CheckpointLoader.load_checkpoint):  # mmengine's, of init_cfg
        with pytest.raises(ValueError, match='evil.pth: rejected.*mkdir.*--trust-checkpoint'):
            read(str(file))
    assert not victim.exists()
    trust_checkpoint(file)
    read_checkpoint(file)
    assert victim.exists()


def random_bytes(seed):
    generator = torch.Generator().manual_seed(seed)
    return bytes(torch.randint(0, 256 if seed % 2 else 128, (300,), generator=generator).tolist())


@pytest.mark.parametrize('content', [
    b'', b'not a checkpoint', b'PK\x03\x04 cut off', b'hello, this is text', b'job', b'\x80\x02}r.',
    b'J123', *map(random_bytes, range(20))], ids=range(27))
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    (tmp_path / 'bad.pth').write_bytes(content)
    with pytest.raises(ValueError, match='bad.pth: (not a readable checkpoint|rejected)'):
        read_checkpoint(tmp_path / 'bad.pth')


def test_what_does_not_fit_is_told_by_a_few_tensors():
    net = torch.nn.Sequential(*[torch.nn.Linear(2, 2) for _ in range(9)])
    file = {f'{i}.weight': torch.zeros(3, 3) for i in range(9)} | {f'x{i}': torch.zeros(1)
                                                                   for i in range(50)}
    with pytest.raises(RuntimeError) as caught:
        load_state_dict(net, file, strict=True)
    text = misfit(caught.value)
    assert 'unexpected key in source state_dict: x0, x1, x2, x3, x4, x5 and 44 more; ' in text
    assert '; missing keys in source state_dict: 0.bias, 1.bias, 2.bias, ' in text
    assert '5.bias and 3 more; size mismatch for 0.weight' in text
    assert 'mismatch for 5.weight' in text and '6.weight' not in text and '\n' not in text
    assert text.endswith(' and 3 more')


def test_missing_file_and_wrong_content(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.pth'):
        read_checkpoint(tmp_path / 'none.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match=r'content is \[1, 2\], expected a dict'):
        read_checkpoint(tmp_path / 'list.pth')


def test_a_damaged_file_is_rejected_although_torch_would_load_it(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.zeros(5000))), tmp_path / 'a.pth')
    content = bytearray((tmp_path / 'a.pth').read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / 'a.pth').write_bytes(content)
    with pytest.raises(ValueError, match='a.pth: damaged, its checksum is wrong'):
        read_checkpoint(tmp_path / 'a.pth')


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An empty work_dirs/weights and an empty cache of torch, both of this test's own."""
    own, cache = tmp_path / 'work_dirs/weights', tmp_path / 'torch/hub/checkpoints'
    for folder in (own, cache):
        folder.mkdir(parents=True)
    monkeypatch.setattr('plugins.engine.checkpoint.WEIGHTS_DIR', own)
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    return own, cache


@pytest.fixture
def net(monkeypatch):
    """A net whose content a test can set, which counts what is asked of it."""
    class Net:
        content: bytes | None = None
        asked: list[str] = []

    def urlopen(request, timeout):
        Net.asked.append(request.full_url)
        if Net.content is None:
            raise URLError('Network is unreachable')
        headers = Message()
        headers['Content-Length'] = str(len(Net.content))
        return addinfourl(io.BytesIO(Net.content), headers, request.full_url)
    Net.asked = []
    monkeypatch.setattr('urllib.request.urlopen', urlopen)
    return Net


def test_a_file_at_hand_is_used_without_the_net(places, net):
    own, cache = places
    (cache / RESNET18).write_bytes(weights(2.))
    assert read_checkpoint('torchvision://resnet18')['w'].tolist() == [2, 2]
    (own / RESNET18).write_bytes(weights(1.))
    assert read_checkpoint('torchvision://resnet18')['w'].tolist() == [1, 1]
    url = f'https://nowhere.example/a/{RESNET18}?download=1'
    assert CheckpointLoader.load_checkpoint(url)['w'].tolist() == [1, 1]
    assert not net.asked


@pytest.mark.parametrize('name, url', [
    ('torchvision://vgg16', 'https://download.pytorch.org/models/vgg16-397923af.pth'),
    ('torchvision://alexnet', 'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'),
    ('open-mmlab://darknet53', 'http.*/darknet53-a628ea1b.pth'),
    # mmengine/hub/deprecated.json: the new name is detectron/resnet50_caffe
    ('open-mmlab://resnet50_caffe', published_url('open-mmlab://detectron/resnet50_caffe')),
    ('https://example.org/a.pth', 'https://example.org/a.pth')])
def test_published_names(name, url):
    assert re.fullmatch(url, published_url(name))


@pytest.mark.parametrize('name, message', [
    ('torchvision://inception_v3', 'torchvision://inception_v3: .*near: .*inception_v3_goog'),
    ('torchvison://resnet18', 'unknown scheme torchvison://, expected http://, .*mmcls://'),
    ('https://example.org/', 'https://example.org/: the URL contains no file name')])
def test_a_wrong_name_is_told(places, name, message):
    with pytest.raises(ValueError, match=message):
        read_checkpoint(name)


def test_without_the_net_one_sentence_names_url_and_places(places, net):
    own, cache = places
    with pytest.raises(OSError) as caught:
        read_checkpoint('torchvision://resnet18')
    text = str(caught.value)
    assert '\n' not in text
    for part in (f'https://download.pytorch.org/models/{RESNET18}', str(own / RESNET18),
                 str(cache / RESNET18), 'Network is unreachable'):
        assert part in text
    assert not list(cache.iterdir())


def test_a_download_is_kept_and_read_safely(places, net, tmp_path):
    net.content = weights(3.)
    for _ in range(2):
        assert read_checkpoint('https://example.org/new.pth')['w'].tolist() == [3, 3]
    assert net.asked == ['https://example.org/new.pth']
    net.content = weights(3., extra=Malicious(tmp_path / 'victim'))
    with pytest.raises(ValueError, match='evil.pth: rejected'):
        read_checkpoint('https://example.org/evil.pth')
    assert not (tmp_path / 'victim').exists()


def test_pytorchs_own_files_must_have_the_hash_in_their_name(places, net):
    net.content = weights(3.)
    with pytest.raises(ValueError, match='SHA-256 is .*, expected f37072fd'):
        read_checkpoint('torchvision://resnet18')
    assert not list(places[1].iterdir())


def test_a_compressed_file_is_rejected_before_it_is_unpacked(tmp_path):
    torch.save(dict(state_dict={}), tmp_path / 'a.pth')
    with zipfile.ZipFile(tmp_path / 'a.pth') as stored, \
            zipfile.ZipFile(tmp_path / 'b.pth', 'w', zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    with pytest.raises(ValueError, match='b.pth: compressed, unlike the files of torch.save'):
        read_checkpoint(tmp_path / 'b.pth')


def test_entries_that_share_their_bytes_are_rejected_before_they_are_read(tmp_path):
    """65 000 names of one entry would be read for an hour."""
    path = tmp_path / 'a.pth'
    torch.save({}, path)
    with zipfile.ZipFile(path, 'a') as archive:
        archive.writestr('large', b'0' * 10_000)
        archive.filelist += [archive.getinfo('large')] * 3
        archive._didModify = True
    assert not is_whole(path)
    with pytest.raises(ValueError, match='a.pth: damaged, its entries overlap; copy'):
        read_checkpoint(path)
