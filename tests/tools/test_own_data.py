"""One command from a folder to a published model, on the handwritten digits."""
import json
import shutil

import numpy as np
import pytest
from PIL import Image

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
     'the same picture under two classes: acht/.* = drei ä/y.png'),
    (lambda at: (at / 'acht/notes.txt').write_text('x'), 'notes.txt: not an image')])
def test_unusable_pictures_are_one_sentence(spoil, message, folder, tmp_path):
    spoil(folder)
    with pytest.raises(ValueError, match=message):
        main([str(folder), '--out', str(tmp_path / 'out ö')])
    assert not (tmp_path / 'out ö').exists()


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
                   '--folds', '3'])
    printed = capsys.readouterr().out
    assert 'the same picture, so always in one fold' in printed and 'Recommended: ' in printed
    low, high = record['intervals']['accuracy/top1']
    assert record['images'] == 25 and len(record['values']) == 3
    assert low < record['metrics']['accuracy/top1'] <= high
    page = (tmp_path / 'out ö/report.html').read_text()
    assert '>linear<' in page and '>fc<' in page
    file, = tmp_path.glob('out ö/published/*/*.pth')
    assert printed.strip().splitlines()[-1] == f"python tools/predict.py '{file}' PICTURES"
    assert 'cross-validated with 3 folds (25)' in (file.parent / 'README.md').read_text()

    from plugins.apis import load_model
    model = load_model(file)
    assert model.classes == ('acht', 'drei ä')
    new = sorted((digits_root / 'test/3').iterdir())[0]
    assert 0 <= model.predict(str(new))['pred_score'] <= 1
    again = main([str(folder), '--out', str(tmp_path / 'out ö'), '--recipes', 'linear', 'fc',
                  '--folds', '3'])
    assert again == record
    noise = np.random.RandomState(0).randint(0, 255, (9, 9, 3), np.uint8)
    Image.fromarray(noise).save(folder / 'acht/new.png')
    with pytest.raises(ValueError, match='its images are not those'):
        main([str(folder), '--out', str(tmp_path / 'out ö'), '--recipes', 'linear', '--folds', '3'])
    assert json.loads((tmp_path / 'out ö/model/kfold.json').read_text()) == record
