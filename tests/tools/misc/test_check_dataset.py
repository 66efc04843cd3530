import os
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tools.misc.check_dataset import Finding, main


@pytest.fixture(scope='module')
def samples(tmp_path_factory):
    from tools.misc.make_sample_data import main as make
    root = tmp_path_factory.mktemp('samples')
    make([str(root), '--sets', 'flowers', 'mit8', 'cub200', 'cifar10', '--side', '32',
          '--species', '2', '--size', 'flowers=15', 'mit8=32', 'cub200=8', 'cifar10=40'])
    return root


@pytest.fixture
def copy(samples, tmp_path):
    def of(name):
        return shutil.copytree(samples / name, tmp_path / name)
    return of


def images(folder):
    return sorted(folder.rglob('*.jpg'))


def pngs(folder, **shades):
    """Pictures of 4 x 6 pixels, each of its own shade but for one white pixel."""
    for name, shade in shades.items():
        path = folder / f'{name.replace("__", "/")}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.full((4, 6), shade, np.uint8)
        pixels[-1, -1] = 255
        Image.fromarray(pixels).save(path)
    return folder


@pytest.mark.parametrize('name, total', [
    ('flower_photos', '15'), ('MIT_split', '32'), ('CUB_200_2010', '8'), ('cifar10', '40')])
def test_clean_sets_are_clean(samples, name, total, capsys):
    assert main([str(samples / name)]) == []
    printed = capsys.readouterr().out
    assert f'{total} images' in printed and 'Nothing is wrong.' in printed


def test_the_table_counts_and_measures(tmp_path, capsys):
    pngs(tmp_path, train__cat__1=1, train__cat__2=2, train__dog__3=3, test__cat__4=4,
         test__dog__5=5)
    Image.linear_gradient('L').resize((10, 9)).save(tmp_path / 'test' / 'dog' / 'big.png')
    main([str(tmp_path)])
    rows = [[cell.strip() for cell in line.split('│')[1:-1]]
            for line in capsys.readouterr().out.splitlines() if line.startswith('│')]
    assert rows == [['cat', '2', '1', '6', '4'], ['dog', '1', '2', '6-10', '4-9'],
                    ['all', '3', '3', '6-10', '4-9']]


def test_duplicates_by_their_kind(tmp_path):
    pngs(tmp_path, train__cat__1=1, train__cat__2=1, train__cat__3=3, train__dog__4=3,
         train__dog__5=5, test__dog__6=5, test__cat__7=7, test__dog__8=0)
    # the same pixels in another format; the same bytes in another shape are another image
    Image.open(tmp_path / 'test/cat/7.png').save(tmp_path / 'test/dog/9.bmp')
    Image.open(tmp_path / 'test/dog/8.png').resize((4, 6)).save(tmp_path / 'test/dog/10.png')
    kinds = {finding.names: finding.kind for finding in main([str(tmp_path)])}
    assert kinds == {
        ('train: cat/3.png', 'train: dog/4.png'): 'same image, with different labels',
        ('test: cat/7.png', 'test: dog/9.bmp'): 'same image, with different labels',
        ('train: dog/5.png', 'test: dog/6.png'): 'same image, in different parts',
        ('train: cat/1.png', 'train: cat/2.png'): 'same image'}


def test_a_truncated_file_is_found(copy):
    root = copy('flower_photos')
    broken = images(root)[3]
    broken.write_bytes(broken.read_bytes()[:-300])
    finding, = main([str(root)])
    assert finding.kind.startswith('unreadable (image file is truncated')
    assert finding.names == (broken.relative_to(root).as_posix(),)


def test_pictures_that_show_nothing_are_found(tmp_path):
    pngs(tmp_path, cat__1=1, cat__2=255, dog__3=3)
    deep = Image.fromarray(np.arange(0, 4095, 91, dtype=np.uint16)[None])
    deep.save(tmp_path / 'dog/4.tif', save_all=True, append_images=[deep])
    assert main([str(tmp_path)]) == main([str(tmp_path)]) == [
        Finding('is of (nearly) one colour, its values vary by 0 of 255',
                (str(tmp_path / 'cat/2.png'),)),
        Finding('is dark, its values end at 4004 of 65535; scale them to that; is of (nearly) one '
                'colour, its values vary by 15 of 255; has 2 pages or frames, of which the first '
                'is read', (str(tmp_path / 'dog/4.tif'),))]


def test_a_class_missing_from_one_part_is_found(copy):
    root = copy('MIT_split')
    shutil.rmtree(root / 'test' / 'coast')
    assert main([str(root)]) == [Finding('classes missing in test', ('coast',))]


@pytest.mark.parametrize('other', ['valid', 'Validation', 'dev', 'holdout', 'eval', 'extra'])
def test_every_folder_beside_train_is_looked_at(tmp_path, other):
    pngs(tmp_path, train__cat__1=1, train__dog__2=2,
         **{f'{other}__cat__3': 2, f'{other}__dog__4': 4})
    assert main([str(tmp_path)]) == [Finding(
        'same image, with different labels, in different parts',
        ('train: dog/2.png', f'{other}: cat/3.png'))]


def test_a_class_may_be_called_train(tmp_path):
    pngs(tmp_path, train__1=1, bus__2=2)
    assert main([str(tmp_path)]) == []


@pytest.mark.parametrize('link', [os.symlink, os.link, shutil.copy])
def test_one_file_in_two_parts(tmp_path, link):
    pngs(tmp_path, train__cat__1=1, train__dog__2=2, test__cat__3=3, test__dog__4=4)
    link(tmp_path / 'train/cat/1.png', tmp_path / 'test/cat/5.png')
    assert main([str(tmp_path)]) == [Finding('same image, in different parts',
                                             ('train: cat/1.png', 'test: cat/5.png'))]


def test_one_class_is_no_task(tmp_path):
    pngs(tmp_path, cat__1=1, cat__2=2)
    assert main([str(tmp_path)]) == [Finding('one class only, so any answer is right', ('cat',))]


BASE = '''
loader = dict(dataset=dict(type='ArrayDataset', source=dict(type='{type}', {rest})))
train_dataloader = val_dataloader = loader
test_dataloader = dict(dataset=dict(type='ArrayDataset', source=dict(type='{type}', {other})))
'''


def test_the_sources_of_a_config(samples, tmp_path, capsys):
    config = tmp_path / 'config.py'
    same = f"data_root='{samples}/flower_photos', size=8, held_out=1, "
    config.write_text(BASE.format(type='class_folder', rest=f"{same}split='train'",
                                  other=f"{same}split='test'"))
    assert main([str(config)]) == []
    printed = capsys.readouterr().out
    assert 'train + val' in printed and '│ all        │ 10          │ 5 ' in printed


def test_a_source_that_is_one_array(samples, tmp_path):
    config = tmp_path / 'config.py'
    root = f"data_root='{samples}/cifar10', "
    config.write_text(BASE.format(type='cifar10', rest=f"{root}split='train'",
                                  other=f"{root}split='test'"))
    assert main([str(config)]) == []
    config.write_text(BASE.format(type='cifar10', rest=f"{root}split='train'",
                                  other=f"{root}split='train', classes=None"))
    findings = main([str(config)])
    assert len(findings) == 30 and findings[0] == Finding(
        'same image, in different parts', ('train + val: image 0', 'test: image 0'))


ROADS = '''
_base_ = '{base}'
data = dict(type='KittiDataset', data_root='{root}', split=dict(seed=0, fractions=dict(a=.5, b=.5)))
train_dataloader = dict(dataset=dict(_delete_=True, part='a', **data))
val_dataloader = dict(dataset=dict(_delete_=True, type='RepeatDataset', times=2, dataset=dict(
    part='b', test_mode=True, **data)))
test_dataloader = dict(dataset=dict(_delete_=True, part='b', test_mode=True, **data))
'''


def test_a_detector_s_data(roads, repo_root, tmp_path, capsys):
    root = shutil.copytree(roads, tmp_path / 'kitti')
    assert main([str(root)]) == []
    assert '10 images' in capsys.readouterr().out
    label = root / 'training/label_2/000000.txt'
    label.write_text('Car 0 0 0 9 9 29 29 1 1 1 0 0 9 0\n' * 2)
    twice, = main([str(root)])
    assert twice == Finding('doubtful label', (
        f'{label}:2 repeats the type and box of line 1; both count as objects',))
    config = tmp_path / 'config.py'
    config.write_text(ROADS.format(root=root, base=repo_root / (
        'configs/yolov3/yolov3_mobilenetv2-half_scratch_1xb4-10e_roads-416x128.py')))
    kinds = [finding.kind for finding in main([str(config)])]
    assert kinds == ['same image, in different parts'] * 5 + ['doubtful label']
    with config.open('a') as file:
        file.write("test_dataloader['dataset']['class_map'] = dict(tram=['Tram'])\n")
    kinds = {finding.kind for finding in main([str(config)])}
    assert {'classes missing in train', 'classes missing in test', 'nothing to find'} < kinds


def test_the_exit_code(tmp_path, repo_root):
    def check(folder):
        return subprocess.run([sys.executable, repo_root / 'tools/misc/check_dataset.py',
                               tmp_path / folder], capture_output=True, text=True)
    pngs(tmp_path, data__cat__1=1, data__dog__1=2)
    assert check('data').returncode == 0
    pngs(tmp_path, data__dog__2=1)
    assert check('data').returncode == 1
    none = check('none')
    assert none.returncode == 1
    assert 'none: no such folder or config' in none.stderr


def test_ctrl_c_while_it_imports_prints_no_traceback(tmp_path, repo_root):
    (tmp_path / 'rich.py').write_text('import signal; signal.raise_signal(signal.SIGINT)')
    done = subprocess.run(
        [sys.executable, 'tools/misc/check_dataset.py', str(tmp_path)], cwd=repo_root, text=True,
        capture_output=True, env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert done.returncode == -signal.SIGINT and done.stderr == ''
