import json
import pickle
import shlex
import shutil
import subprocess
import sys

import pytest
import torch
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from PIL import Image

from plugins.engine.intervals import shown_interval
from plugins.engine.run_reader import read_run
from tests.conftest import DIGITS
from tools.test import main


@pytest.fixture
def test_digits(repo_root, digits_root):
    """A function that runs tools/test.py on the small digits."""
    def call(*argv, options=()):
        data = [f'{loader}_dataloader.dataset.source.data_root={digits_root / folder}'
                for loader, folder in (('train', 'train'), ('val', 'train'), ('test', 'test'))]
        return main([str(repo_root / DIGITS), *map(str, argv), '--cfg-options', *data,
                     *options])
    return call


def best(work_dir):
    return next(work_dir.glob('best_*.pth'))


def test_figures_are_those_of_the_predictions_and_every_image_counts_once(
        test_digits, digits_run, digits_root, tmp_path, capsys):
    result = test_digits(best(digits_run), '--work-dir', tmp_path / 't',
                         '--out', tmp_path / 'p.pkl', '--show-dir', tmp_path / 'pictures')
    said = capsys.readouterr().out.splitlines()
    assert [f'Written to {tmp_path}/{name}' for name in ('p.pkl', 'pictures')] == said[-2:]
    predictions = pickle.loads((tmp_path / 'p.pkl').read_bytes())
    counts = {folder.name: len(list(folder.glob('*.png')))
              for folder in (digits_root / 'test').iterdir()}
    total = sum(counts.values())
    assert sorted(p['sample_idx'] for p in predictions) == list(range(total))
    right = sum(int(p['pred_label'].item() == p['gt_label'].item()) for p in predictions)
    assert result['metrics']['accuracy/top1'] == pytest.approx(100 * right / total)
    low, high = result['intervals']['accuracy/top1']
    assert low < 100 * right / total < high
    shown = shown_interval(result['metrics']['accuracy/top1'], (low, high))
    assert f'{shown}, 95 % interval' in ' '.join(said)
    assert {name: row['images'] for name, row in result['classes'].items()} == counts
    hits = [row[i] for i, row in enumerate(result['confusion_matrix'])]
    assert sum(hits) == right
    assert [row['accuracy'] for row in result['classes'].values()] == pytest.approx(
        [100 * n / counts[name] for n, name in zip(hits, result['classes'], strict=True)])
    assert json.loads((tmp_path / 't/result.json').read_text()) == result
    assert (result['mode'], result['split']) == ('test', 'test')
    assert len(list((tmp_path / 'pictures').glob('*.png'))) == total


def test_every_training_image_is_evaluated_once_and_the_validation_images_again(
        test_digits, digits_run, digits_root, tmp_path):
    copy = tmp_path / 'best.pth'
    copy.write_bytes(best(digits_run).read_bytes())
    trained = json.loads((digits_run / 'result.json').read_text())
    train = test_digits(copy, '--part', 'train', '--out', tmp_path / 'p.pkl')
    val = test_digits(copy, '--part', 'val')
    for part, result in (('train', train), ('val', val)):
        assert json.loads((tmp_path / f'test-{part}/result.json').read_text()) == result
        assert result['split'] == part
        assert result['data_fingerprint'] == {part: trained['data_fingerprint'][part]}
        assert len(result['confusion_matrix']) == 10
    # what validation said while training, it says again
    assert {key: val['metrics'][key] for key in trained['metrics']} == pytest.approx(
        trained['metrics'], rel=1e-5)
    images = [sum(row['images'] for row in r['classes'].values()) for r in (train, val)]
    assert sum(images) == len(list((digits_root / 'train').rglob('*.png')))
    indices = [p['sample_idx'] for p in pickle.loads((tmp_path / 'p.pkl').read_bytes())]
    assert sorted(indices) == list(range(images[0]))


def test_scores_of_an_image_and_its_mirror_image_are_averaged(
        test_digits, digits_run, digits_root, tmp_path, monkeypatch):
    """Against two plain tests, one of mirrored files."""
    for path in (digits_root / 'test').rglob('*.png'):
        mirrored = tmp_path / 'mirrored' / path.relative_to(digits_root)
        mirrored.parent.mkdir(parents=True, exist_ok=True)
        Image.open(path).transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(mirrored)

    def scores(name, *argv, options=()):
        result = test_digits(best(digits_run), '--work-dir', tmp_path / name, *argv, '--out',
                             tmp_path / f'{name}.pkl', options=options)
        predictions = pickle.loads((tmp_path / f'{name}.pkl').read_bytes())
        assert [one['sample_idx'] for one in predictions] == list(range(len(predictions)))
        return result, torch.stack([one['pred_score'] for one in predictions])
    plain, first = scores('plain')
    flipped, second = scores('flipped', options=[
        f'test_dataloader.dataset.source.data_root={tmp_path / "mirrored/test"}'])
    result, merged = scores('merged', '--tta')
    assert torch.allclose(merged, (first + second) / 2, atol=1e-6)
    truth = torch.tensor([one['gt_label'] for one in pickle.loads(
        (tmp_path / 'merged.pkl').read_bytes())])
    accuracy = 100 * (merged.argmax(1) == truth).float().mean().item()
    assert result['metrics']['accuracy/top1'] == pytest.approx(accuracy)
    counts = [row['images'] * row['accuracy'] for row in result['classes'].values()]
    assert sum(counts) / len(truth) == pytest.approx(accuracy)  # from labels, not from scores
    assert result['metrics']['loss'] == pytest.approx(
        (plain['metrics']['loss'] + flipped['metrics']['loss']) / 2, rel=1e-5)


def test_a_test_with_other_predictions_is_not_the_runs_test(digits_run, tmp_path, monkeypatch):
    shutil.copytree(digits_run, run := tmp_path / 'run')
    monkeypatch.setattr('plugins.engine.precision.cpu_has_bf16', lambda: True)
    seen = {}
    for argv in ([], ['--tta'], ['--amp'], ['--tta', '--amp']):
        name = ''.join(argv).replace('--', '-')
        seen[name] = main([str(run), *argv])
        assert json.loads((run / f'test{name}/result.json').read_text()) == seen[name]
        assert seen[name]['made_with'] == (' '.join(argv) or None)
    assert [one['precision'] for one in seen.values()] == ['float32', 'float32'] + ['bfloat16'] * 2
    for one, other in (('', '-amp'), ('-tta', '-tta-amp')):  # bfloat16 has three digits
        losses = [seen[name]['metrics']['loss'] for name in (one, other)]
        assert losses[0] == pytest.approx(losses[1], rel=0.02) and losses[0] != losses[1]
    assert read_run(run).tested == seen['']
    with pytest.raises(FileExistsError, match='with another made_with, None, not --tta'):
        main([str(run), '--tta', '--work-dir', str(run / 'test')])
    main([str(run), '--tta', '--work-dir', str(run / 'test'), '--overwrite'])
    assert 'test/result.json: made with --tta. Run' in read_run(run).stale


def test_every_nth_picture_is_shown_and_stored_nowhere(
        digits_run, tmp_path, monkeypatch, digits_root):
    shown = []
    monkeypatch.setattr('plugins.engine.session.check_window', lambda: None)
    monkeypatch.setattr(Visualizer, 'show', lambda self, image, win_name, wait_time: shown.append(
        (win_name, wait_time)))
    main([str(digits_run), '--work-dir', str(tmp_path), '--show', '--wait-time', '0.5',
          '--interval', '25'])
    total = len(list((digits_root / 'test').rglob('*.png')))
    assert shown == [(str(index), .5) for index in range(0, total, 25)]
    assert list(tmp_path.rglob('*.json')) and not list(tmp_path.rglob('vis_image'))


def test_metrics_alone_are_written_as_json(digits_run, tmp_path, capsys):
    argv = [str(digits_run), '--work-dir', str(tmp_path / 't'), '--out-item', 'metrics']
    result = main([*argv, '--out', str(tmp_path / 'm.json')])
    assert json.loads((tmp_path / 'm.json').read_text()) == result['metrics']
    with pytest.raises(FileExistsError, match='m.json: already exists'):
        main([*argv, '--out', str(tmp_path / 'm.json')])
    for more in ([], ['--out', 'm.txt']):
        with pytest.raises(SystemExit):
            main([*argv, *more])
        assert '--out-item metrics needs --out NAME.json' in capsys.readouterr().err


@pytest.mark.parametrize('option, name, message', [
    ('--out', 'p.pkl', 'p.pkl: already exists; replace it with --overwrite'),
    ('--out', 'full/', 'full/: the name must end in .pkl'),
    ('--work-dir', 'trained', '2'),  # a wrong argument
    ('--show-dir', 'full', 'full: contains mine, not in the list .files of earlier results'),
    ('--out', 'p.pkl/x.pkl', 'p.pkl is a file, not a folder'),
    ('--show-dir', 'p.pkl/x', 'p.pkl is a file, not a folder'),
    ('--work-dir', 'p.pkl/x', 'p.pkl is a file, not a folder'),
    ('--work-dir', 'work', 'examples: contains mine, not in the list')])
def test_what_may_not_be_written_is_known_before_the_test(
        test_digits, digits_run, tmp_path, monkeypatch, option, name, message):
    (tmp_path / 'p.pkl').write_text('mine')
    (tmp_path / 'trained').mkdir()
    (tmp_path / 'trained/last_checkpoint').touch()
    for folder in ('full', 'work/examples'):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / 'mine').write_text('mine')
    monkeypatch.setattr('mmengine.runner.Runner.test', lambda _: pytest.fail('tested'))
    with pytest.raises((OSError, ValueError, SystemExit), match=message):
        test_digits(best(digits_run), option, f'{tmp_path}/{name}')
    assert (tmp_path / 'p.pkl').read_text() == (tmp_path / 'full/mine').read_text() == 'mine'


def test_an_interrupted_test_goes_on_by_the_same_command(
        test_digits, digits_run, tmp_path, monkeypatch):
    argv = (best(digits_run), '--work-dir', tmp_path / 't', '--show-dir', tmp_path / 'pictures')
    tested = Runner.test

    def interrupted(self):
        tested(self)
        raise KeyboardInterrupt
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Runner, 'test', interrupted)
        test_digits(*argv)
    assert [path.name for path in tmp_path.iterdir()] == ['t']
    test_digits(*argv)
    with pytest.raises(FileExistsError, match='pictures: contains earlier results.*--overwrite'):
        test_digits(*argv)
    test_digits(*argv, '--overwrite')


@pytest.mark.parametrize('tool', ['test', 'train'])
def test_the_record_is_written_before_anything_is_printed(
        test_digits, train_digits, digits_run, tmp_path, monkeypatch, tool):
    """``tools/test.py ... | head`` ends the output at any line."""
    def broken(_):
        raise BrokenPipeError
    monkeypatch.setattr('plugins.engine.session.print_result', broken)
    with pytest.raises(BrokenPipeError):
        test_digits(best(digits_run), '--work-dir', tmp_path / 't') if tool == 'test' else \
            train_digits('--work-dir', str(tmp_path / 't'))
    assert json.loads((tmp_path / 't/result.json').read_text())['mode'] == tool


def test_a_closed_pipe_loses_no_file(digits_run, tmp_path, repo_root):
    command = shlex.join([sys.executable, 'tools/test.py', str(digits_run), '--work-dir',
                          str(tmp_path)])
    subprocess.run(['bash', '-o', 'pipefail', '-c', f'{command} | true'], cwd=repo_root, check=True)
    assert {'result.json', 'confusion_matrix.png', 'classes.png', 'examples'} <= {
        path.name for path in tmp_path.iterdir()}


def test_a_model_that_differs_in_no_tensor_is_warned_of(test_digits, digits_run, tmp_path, capfd):
    for options, warned in (([], False), (['+model.data_preprocessor.to_bgr=True'], True)):
        test_digits(best(digits_run), '--work-dir', tmp_path / str(warned), options=options)
        told = 'model.data_preprocessor.to_bgr was absent, is True. Its predictions may be wrong'
        assert (told in ' '.join(capfd.readouterr().out.split())) == warned


def test_another_checkpoints_record_is_kept(test_digits, digits_run, tmp_path):
    first = test_digits(best(digits_run), '--work-dir', tmp_path)
    assert test_digits(best(digits_run), '--work-dir', tmp_path)['metrics'] == first['metrics']
    other = tmp_path / 'other.pth'
    shutil.copy(best(digits_run), other)
    before = (tmp_path / 'result.json').read_bytes()
    with pytest.raises(FileExistsError, match='is of a test with another checkpoint, .*best_.*'
                       'other.pth; choose another --work-dir, or give --overwrite'):
        test_digits(other, '--work-dir', tmp_path)
    assert (tmp_path / 'result.json').read_bytes() == before
    test_digits(other, '--work-dir', tmp_path, '--overwrite')
    assert 'other.pth' in (tmp_path / 'result.json').read_text()
