"""One command from a folder to a published model, on the handwritten digits."""
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from plugins.classification.own_images import find_images
from plugins.engine.files import REPO_ROOT
from tools import own_data
from tools.own_data import main


@pytest.fixture
def folder(digits_root, tmp_path):
    """Twelve pictures of each of two digits."""
    for digit, name in (('3', 'drei ä'), ('8', 'acht')):
        (tmp_path / 'Zwei Ziffern ö' / name).mkdir(parents=True)
        for path in sorted((digits_root / 'train' / digit).iterdir())[:12]:
            shutil.copy(path, tmp_path / 'Zwei Ziffern ö' / name)
    return tmp_path / 'Zwei Ziffern ö'


@pytest.mark.parametrize('spoil, message', [
    (lambda at: (at / 'acht/x.png').write_bytes(b'no picture'), r'1 of 25 pictures cannot be read: '
     r'acht/x.png'),
    (lambda at: shutil.copy(next((at / 'acht').iterdir()), at / 'drei ä/y.png'),
     'the same picture with different labels: acht/.* = drei ä/y.png; keep one'),
    (lambda at: (at / 'acht/notes.txt').write_text('x'), 'notes.txt: not an image')])
def test_unusable_pictures_are_one_sentence(spoil, message, folder, tmp_path):
    spoil(folder)
    with pytest.raises(ValueError, match=message):
        main([str(folder), '--out', str(tmp_path / 'out ö')])
    assert not (tmp_path / 'out ö').exists()


@pytest.mark.parametrize('name, message', [
    ('val', 'has val/, which cross-validation does without; move'),
    ('Test', 'a folder in what is read as the class folder Test; name the folder that')])
def test_folders_that_would_not_be_used_are_named(name, message, folder, tmp_path):
    own = tmp_path / 'parts'
    shutil.copytree(folder, own / ('train' if name == 'val' else 'Train'))
    shutil.copytree(folder, own / name)
    with pytest.raises(ValueError, match=message):
        find_images(own)


def test_a_table_with_two_labels_in_a_cell_is_rejected(folder):
    (folder / 'own.csv').write_text('file,label\nacht/x.png,"roses, tulips"\n')
    with pytest.raises(ValueError, match='row 2: found .*expected a file and one label'):
        find_images(folder / 'own.csv')


def test_recipes_are_in_order_of_cost_and_a_folder_keeps_its_whole_name(folder):
    args = own_data.parse_args([str(folder), '--recipes', 'fc', 'linear', 'fc'])
    assert args.recipes == ['linear', 'fc']
    folder = folder.rename(folder.with_name('v1.2'))
    args = own_data.parse_args([str(folder)])
    assert args.out.name == 'v1.2' and args.name == 'v1-2'


def test_few_pictures_with_two_labels_are_told_only(folder, monkeypatch, capsys):
    monkeypatch.setattr(own_data, '_MISLABELLED', 1 / 25)
    shutil.copy(next((folder / 'acht').iterdir()), folder / 'drei ä/y.png')
    same, = own_data._checked(find_images(folder))
    assert same[1] == 'drei ä/y.png'
    assert 'same image, with different labels, so always in one fold' in capsys.readouterr().out
    shutil.copy(next((folder / 'drei ä').iterdir()), folder / 'acht/z.png')
    with pytest.raises(ValueError, match='the same picture with different labels: acht/.*, acht/z'):
        own_data._checked(find_images(folder))


def test_a_picture_to_learn_from_is_not_tested(folder, tmp_path):
    for part in ('train', 'test'):
        shutil.copytree(folder, tmp_path / 'parts' / part)
    for path in sorted((tmp_path / 'parts/test').glob('*/*'))[1:]:
        Image.open(path).rotate(90).save(path)
    with pytest.raises(ValueError, match='the same picture in different parts: acht/.* = test: '):
        main([str(tmp_path / 'parts'), '--out', str(tmp_path / 'out')])


@pytest.mark.parametrize('argv, message', [
    (['nowhere'], 'no such file'), (['.', '--folds', '1'], 'not a whole number from 2'),
    (['.', '--quick', '--recipes', 'fc'], '--quick chooses the recipes')])
def test_wrong_arguments_are_rejected(argv, message, capsys):
    with pytest.raises(SystemExit):
        main(argv)
    assert message in capsys.readouterr().err


@pytest.mark.slow
def test_a_folder_becomes_a_published_model(folder, digits_root, tmp_path, capsys, monkeypatch):
    same = next((folder / 'acht').iterdir())
    shutil.copy(same, folder / 'acht/again.png')
    record = main([str(folder), '--out', str(tmp_path / 'out ö'), '--recipes', 'linear', 'fc',
                   '--folds', '2'])
    printed = capsys.readouterr().out
    assert 'same image, so always in one fold' in printed and 'Recommended: ' in printed
    low, high = record['intervals']['accuracy/top1']
    assert record['images'] == 25 and len(record['values']) == 2
    assert low < record['metrics']['accuracy/top1'] <= high
    page = (tmp_path / 'out ö/report.html').read_text()
    assert '>linear<' in page and '>fc<' in page
    file, = tmp_path.glob('out ö/published/*/*.pth')
    assert printed.strip().splitlines()[-1] == f"python tools/predict.py '{file}' PICTURE_OR_FOLDER"
    assert 'cross-validated with 2 folds (25)' in (file.parent / 'README.md').read_text()

    from plugins.apis import load_model
    model = load_model(file)
    assert model.classes == ('acht', 'drei ä')
    new = sorted((digits_root / 'test/3').iterdir())[0]
    said = model.predict(str(new))
    assert said['class'] in model.classes and 0.5 <= said['score'] <= 1
    assert 'feature_info' not in capsys.readouterr().out
    again = main([str(folder), '--out', str(tmp_path / 'out ö'), '--recipes', 'linear', 'fc',
                  '--folds', '2'])
    assert again == record
    kept, = tmp_path.glob('out ö/*-all/kfold.json')
    assert json.loads(kept.read_text()) == record
    noise = Image.fromarray(np.random.RandomState(0).randint(0, 255, (9, 9, 3), np.uint8))
    for name, message in ((sorted((folder / 'drei ä').iterdir())[0], 'its images are not those'),
                          (folder / 'acht/new.png', 'own_images.py: is of other pictures')):
        noise.save(name)
        noise = noise.rotate(90)
        ended = subprocess.run(  # as this process has decoded the pictures
            [sys.executable, 'tools/own_data.py', str(folder), '--out', str(tmp_path / 'out ö'),
             '--recipes', 'linear', '--folds', '2'], cwd=REPO_ROOT, capture_output=True, text=True)
        assert ended.returncode == 1 and message in ended.stderr
