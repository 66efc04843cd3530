import csv
import json
import os
import pickle

import cv2
import numpy as np
import pytest
from PIL import Image

from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, roads_options
from tools.predict import main, parse_args


def predict(config, checkpoint, given, out, *options):
    return main([config, str(checkpoint), str(given), '--out-dir', str(out), '--device', 'cpu',
                 *options])


def said_by_test(config, checkpoint, folder, *options):
    from tools.test import main
    main([config, str(checkpoint), '--work-dir', str(folder / 't'),
          '--out', str(folder / 'p.pkl'), '--cfg-options', *options])
    return pickle.loads((folder / 'p.pkl').read_bytes())


def test_a_classifier_says_what_its_test_says(classifier, digits_root, tmp_path):
    data = [f'{loader}_dataloader.dataset.source.data_root={digits_root / part}' for loader, part
            in (('train', 'train'), ('val', 'train'), ('test', 'test'))]
    expected = said_by_test(CLASSIFIER, classifier, tmp_path, *data)
    record = predict(CLASSIFIER, classifier, digits_root / 'test', tmp_path / 'out',
                     '--topk', '10', '--batch-size', '7')
    assert json.loads((tmp_path / 'out/predictions.json').read_text()) == record
    assert record['classes'] == list('0123456789') and len(record['predictions']) == len(expected)
    for entry, sample in zip(record['predictions'], expected, strict=True):
        scores = {one['class']: one['score'] for one in entry['topk']}
        assert np.log([scores[str(k)] for k in range(10)]) == pytest.approx(
            sample['pred_score'].log().numpy(), abs=1e-5)
        assert entry['class'] == str(sample['pred_label'].item())
        assert (tmp_path / 'out' / entry['image']).is_file()  # in folders as they lie


def test_a_detector_says_what_its_test_says(detector, roads, tmp_path):
    expected = said_by_test(DETECTOR, detector, tmp_path, *roads_options(roads))
    record = predict(DETECTOR, detector, roads / 'training/image_2', tmp_path / 'out',
                     '--score-thr', '0.9', '--batch-size', '3')
    found = {entry['image']: entry for entry in record['predictions']}
    assert len(found) == 10 and len(expected) == 5
    total = 0
    for sample in expected:
        entry = found[sample['img_path'].rpartition('/')[2]]
        boxes = sample['pred_instances']['bboxes'].numpy()
        scores = sample['pred_instances']['scores'].numpy()
        boxes, scores = boxes[scores >= 0.9], scores[scores >= 0.9]
        total += len(boxes)
        assert (entry['height'], entry['width']) == sample['ori_shape']
        assert [one['score'] for one in entry['detections']] == pytest.approx(scores, abs=1e-5)
        assert np.array([one['box'] for one in entry['detections']]).reshape(-1, 4) \
            == pytest.approx(boxes, abs=0.01)
    assert total > 10
    assert all(np.asarray(Image.open(path)).shape[1] == 900
               for path in (tmp_path / 'out').glob('*.png'))


def test_phone_pictures_in_a_table_that_no_spreadsheet_computes(
        classifier, detector, tmp_path, capsys):
    names = ('=1+1.heic', '-2.HEIC', 'b/@c.jpg', 'b/+c.png', 'd,"e.jpg')
    for number, name in enumerate(names):
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = 'heif' if 'e' in path.suffix.lower() and 'h' in path.suffix.lower() else None
        Image.linear_gradient('L').convert('RGB').rotate(90 * number).save(path, kind)
    record = predict(CLASSIFIER, classifier, tmp_path / 'in', tmp_path / 'out')
    with (tmp_path / 'out/predictions.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert {row['image'] for row in rows} == {"'=1+1.heic", "'-2.HEIC", 'b/@c.jpg', 'b/+c.png',
                                              'd,"e.jpg'}
    for row, entry in zip(rows, record['predictions'], strict=True):
        assert row['image'].lstrip("'") == entry['image']
        assert (row['class'], float(row['score'])) == (entry['class'], entry['score'])
    assert 'b/@c.jpg' in capsys.readouterr().out
    record = predict(DETECTOR, detector, tmp_path / 'in', tmp_path / 'boxes', '--score-thr', '.5')
    with (tmp_path / 'boxes/predictions.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(max(1, len(one['detections'])) for one in record['predictions'])
    box = next(one for one in record['predictions'] if one['detections'])['detections'][0]['box']
    assert box in [[float(row[key] or 0) for key in ('x1', 'y1', 'x2', 'y2')] for row in rows]


def test_a_video_keeps_its_frames_and_rate(classifier, tmp_path):
    writer = cv2.VideoWriter(str(tmp_path / 'v.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 12.5,
                             (64, 48))
    for grey in (0, 90, 250):
        writer.write(np.full((48, 64, 3), grey, np.uint8))
    writer.release()
    record = predict(CLASSIFIER, classifier, tmp_path / 'v.avi', tmp_path / 'out',
                     '--batch-size', '2')
    made = cv2.VideoCapture(str(tmp_path / 'out/v.mp4'))
    assert made.get(cv2.CAP_PROP_FPS) == pytest.approx(record['fps']) == pytest.approx(12.5)
    frames = [frame for read, frame in iter(made.read, (False, None)) if read]
    assert len(frames) == 3 and frames[2][100, 100].mean() > frames[0][100, 100].mean() + 200
    assert [(one['frame'], one['seconds']) for one in record['predictions']] == [
        (0, 0.0), (1, 0.08), (2, 0.16)]
    Image.fromarray(np.full((48, 64, 3), 250, np.uint8)).save(tmp_path / 'last.png')
    still = predict(CLASSIFIER, classifier, tmp_path / 'last.png', tmp_path / 'still')
    # the frame went through JPEG
    assert still['predictions'][0]['score'] == pytest.approx(
        record['predictions'][2]['score'], abs=0.02)


def test_broken_files_are_named_before_anything_is_written(
        classifier, digits_root, tmp_path, capsys):
    folder, whole = tmp_path / 'in', next((digits_root / 'test/3').glob('*.png')).read_bytes()
    (folder / 'sub').mkdir(parents=True)
    for name, content in (('a.png', whole), ('sub/z.png', whole), ('notes.txt', b'no picture'),
                          ('Thumbs.db', b''), ('sub/cut.png', whole[:len(whole) // 2])):
        (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match='2 of 4 files'):
        predict(CLASSIFIER, classifier, folder, tmp_path / 'out')
    with pytest.raises(ValueError, match='cut.png: cannot be decoded'):
        predict(CLASSIFIER, classifier, folder / 'sub/cut.png', tmp_path / 'out')
    assert [path.name for path in tmp_path.iterdir()] == ['in']
    for name in ('notes.txt', 'sub/cut.png'):
        (folder / name).unlink()
    record = predict(CLASSIFIER, classifier, folder, tmp_path / 'out')
    assert [one['image'] for one in record['predictions']] == ['a.png', 'sub/z.png']
    assert json.loads((tmp_path / 'out/predictions.json').read_text()) == record
    said = capsys.readouterr().out
    assert '2 pictures; written to' in said and 'the numbers to predictions.json' in said
    assert '100%' not in said  # no progress bar in a pipe
    with pytest.raises(FileExistsError, match='out: contains earlier results'):
        predict(CLASSIFIER, classifier, digits_root, tmp_path / 'out')


def test_any_file_name_is_predicted_twice(classifier, digits_root, tmp_path):
    given, whole = tmp_path / 'in', next((digits_root / 'test/3').glob('*.png')).read_bytes()
    given.mkdir()
    for name in (os.fsdecode(b'b\xe9.png'), 'c\nd.png', "e'f.png", '\u732b.png', '[red]g.png'):
        (given / name).write_bytes(whole)
    (given / 'linked').symlink_to(digits_root / 'test/4')
    for more in ((), ('--overwrite',)):
        record = predict(CLASSIFIER, classifier, given, tmp_path / 'out', *more)
        names = [one['image'] for one in record['predictions']]
        assert sorted(names) == sorted([
            *(path.name for path in given.iterdir() if path.is_file()),
            *(f'linked/{path.name}' for path in (digits_root / 'test/4').iterdir())])
        assert json.loads((tmp_path / 'out/predictions.json').read_text()) == record
        assert all((tmp_path / 'out' / name).is_file() for name in names)


def test_no_two_pictures_are_written_to_one_file(classifier, digits_root, tmp_path):
    (tmp_path / 'in').mkdir()
    with Image.open(next((digits_root / 'test/3').glob('*.png'))) as picture:
        for name in ('a.png', 'b.jpg', 'b.jpg.png', 'c.jpg', 'c.png'):
            picture.convert('RGB').save(tmp_path / 'in' / name)
    predict(CLASSIFIER, classifier, tmp_path / 'in', tmp_path / 'out')
    assert sorted(path.name for path in (tmp_path / 'out').glob('*.png')) == [
        'a.png', 'b.jpg.png', 'b.jpg.png.png', 'c.jpg.png', 'c.png']


@pytest.mark.parametrize('position, given, message', [
    (0, 'none.py', 'none.py: no such config file'), (1, 'none.pth', 'none.pth: no such file'),
    (2, 'gone', 'gone: no such file or folder'),
    (3, '--out-dir={root}/out', 'lies in the folder of the pictures'),
    (3, '--topk=0', 'whole number above 0'), (3, '--score-thr=2', 'not a number from 0 to 1')])
def test_wrong_arguments_end_before_anything_is_read(
        classifier, digits_root, capsys, position, given, message):
    argv = [CLASSIFIER, str(classifier), str(digits_root)]
    assert parse_args(argv).out_dir == classifier.parent / 'predictions/digits'
    argv[position:position + 1] = [given.format(root=digits_root)]
    with pytest.raises(SystemExit):
        parse_args(argv)
    assert message in capsys.readouterr().err
