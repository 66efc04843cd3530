import json

import numpy as np
import pytest
from PIL import Image

from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, roads_options
from tools.misc.browse_dataset import main, parse_args


def digits(root):
    return ['--cfg-options', *(
        f'{part}_dataloader.dataset.source.data_root={root / folder}' for part, folder in (
            ('train', 'train'), ('val', 'train'), ('test', 'test')))]


def browse(root, out, *argv):
    return main([CLASSIFIER, '--out-dir', str(out), *argv, *digits(root)])


def test_each_class_has_its_images_on_pages(digits_root, tmp_path):
    record = browse(digits_root, tmp_path / 'out', '--images', '5', '--versions', '2')
    assert list(record['images']) == list('0123456789')
    for name, images in record['images'].items():
        assert len(set(images)) == 5
        assert all(f'/{name}/' in f'/{image}' for image in images)  # of that class's folder
    # 24 lines a page hold four classes of five images
    names = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert names == ['.files', 'browse.json', 'sheet_1.png', 'sheet_2.png', 'sheet_3.png']
    assert json.loads((tmp_path / 'out/browse.json').read_text()) == record
    sizes = [Image.open(tmp_path / f'out/sheet_{k}.png').size for k in (1, 2, 3)]
    assert sizes[0] == sizes[1] and sizes[2][1] < .6 * sizes[0][1]  # two classes are left


@pytest.fixture
def flipped(tmp_path):
    """The digits at their own 8 px; in training all of them turned over."""
    config = tmp_path / 'flipped.py'
    config.write_text(f'_base_ = {CLASSIFIER!r}\nmodel = dict(data_preprocessor=dict('
                      'input_size=8, eval_geometry=[], mean=[9., 9., 9.], '
                      "train_geometry=[dict(type='RandomFlip', prob=1.0)]))\n")
    return str(config)


def tiles(folder, number):
    """The tiles of a sheet's last line."""
    sheet = np.asarray(Image.open(folder / 'sheet_1.png'))
    assert sheet.shape[1] == 2 * 14 + 190 + number * 108
    return [sheet[-124:-20, left:left + 104] for left in range(204, 204 + number * 108, 108)]


def test_training_s_versions_stand_beside_the_stored_image(flipped, digits_root, tmp_path):
    def show(part, number):
        record = main([flipped, '--out-dir', str(tmp_path / part), '--part', part, '--classes', '3',
                       '--images', '1', '--versions', '2', *digits(digits_root)])
        assert record['versions'] == number - 1
        return tiles(tmp_path / part, number)

    stored, once, twice = show('train', 3)
    assert stored.std() > 20 and (stored != once).any()
    assert (stored[:, ::-1] == once).all() and (once == twice).all()
    for part in ('val', 'test'):  # once, and as evaluation does it
        stored, seen = show(part, 2)
        assert (stored == seen).all()


def test_a_detector_s_images_have_their_labels(roads, tmp_path):
    record = main([DETECTOR, '--out-dir', str(tmp_path / 'out'), '--images', '2', '--versions',
                   '2', '--cfg-options', *roads_options(roads)])
    assert len(record['images']) == 2 and record['versions'] == 2
    for name in record['images']:
        assert (roads / f'training/image_2/{name}.png').is_file()
        page = np.asarray(Image.open(tmp_path / f'out/{name}.png'))
        assert page.shape[1] == 1240 and page.shape[0] > 3 * 350
    tested = main([DETECTOR, '--out-dir', str(tmp_path / 'test'), '--part', 'test',
                   '--cfg-options', *roads_options(roads)])
    assert len(tested['images']) == 5 and tested['versions'] == 1  # half of ten
    assert not set(tested['images']) & set(record['images'])


def test_wrong_input_is_named(digits_root, tmp_path, capsys):
    with pytest.raises(ValueError, match='--classes three: no such class; expected one of 0, 1'):
        browse(digits_root, tmp_path / 'out', '--classes', 'three')
    with pytest.raises(ValueError, match='--classes: is for classifiers'):
        main([DETECTOR, '--classes', 'car', '--out-dir', str(tmp_path / 'out')])
    none = tmp_path / 'none.py'
    none.write_text(f'_base_ = {DETECTOR!r}\nval_dataloader = None\nval_cfg = None\n'
                    'val_evaluator = None\n')
    with pytest.raises(ValueError, match='none.py: has no val_dataloader'):
        main([str(none), '--part', 'val', '--out-dir', str(tmp_path / 'out')])
    with pytest.raises(FileNotFoundError, match='gone'):
        browse(tmp_path / 'gone', tmp_path / 'out')
    assert not (tmp_path / 'out').exists()
    with pytest.raises(SystemExit):
        parse_args([CLASSIFIER, '--seed', '-1'])
    assert 'whole number from 0 to' in capsys.readouterr().err
    (tmp_path / 'out').mkdir()
    (tmp_path / 'out/mine.txt').touch()
    with pytest.raises(FileExistsError, match='contains mine.txt, not in the list'):
        browse(digits_root, tmp_path / 'out', '--overwrite')
