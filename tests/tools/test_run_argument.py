"""A run's folder in place of CONFIG, CHECKPOINT and the --cfg-options of its training."""
import json
import shutil

import pytest

from plugins.engine.files import REPO_ROOT
from plugins.engine.run_reader import read_run
from tests.conftest import DIGITS
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, roads_options
from tests.plugins.report.runs import write_run
from tools import predict, test, train
from tools.analysis_tools import compare_detections, compare_runs, visualize_features


@pytest.fixture
def run(digits_run, tmp_path):
    """A copy of a finished run, and its best checkpoint."""
    shutil.copytree(digits_run, tmp_path / 'run')
    return tmp_path / 'run', next((tmp_path / 'run').glob('best_*.pth'))


def test_a_run_is_tested_with_its_options_wherever_it_stands(run, digits_options, capsys):
    folder, best = run
    options = ['--cfg-options', *digits_options]
    typed = test.main([CLASSIFIER, '--work-dir', str(folder / 't'), str(best), *options])
    short = test.main(['--part', 'test', str(folder)])
    assert short['metrics'] == typed['metrics'] and short['checkpoint'] == typed['checkpoint']
    assert short['options'] == read_run(folder).trained['options'] != typed['options']
    assert [row['metrics']['accuracy/top1']['test'] for row in compare_runs.main([str(folder)])] \
        == [typed['metrics']['accuracy/top1']]
    last = test.main([str(folder), str(folder / 'epoch_2.pth'), '--work-dir', str(folder / 'last')])
    assert last['checkpoint'].endswith('epoch_2.pth')
    for argv in ([str(REPO_ROOT / DIGITS)], [str(folder / 'nowhere')]):
        with pytest.raises(SystemExit):
            test.parse_args(argv)
    assert 'CHECKPOINT is missing after the config' in capsys.readouterr().err


@pytest.mark.parametrize('config, options, counts', [
    (CLASSIFIER, ['train_cfg.max_epochs=2'], True), (CLASSIFIER, [], True),
    (CLASSIFIER, ['train_dataloader.batch_size=3', 'optim_wrapper.optimizer.lr=1'], True),
    (CLASSIFIER, ['+model.data_preprocessor.to_bgr=True'], False), ('the dump', [], True)])
def test_a_test_counts_if_it_is_of_the_same_model_on_the_same_images(
        run, digits_options, config, options, counts):
    folder, best = run
    typed = ['--cfg-options', *digits_options, *options]
    if config == 'the dump':
        config, typed = str(folder / REPO_ROOT.joinpath(DIGITS).name), []
    test.main([config, str(best), *typed])
    assert (read_run(folder).tested is not None) == counts


def test_the_dump_of_a_resumed_run_with_amp_tests_it_and_begins_anew(
        train_digits, run, tmp_path):
    folder, _ = run
    train_digits('--work-dir', str(folder), '--resume', '--amp',
                 options=('train_cfg.max_epochs=3',))
    dump = str(folder / REPO_ROOT.joinpath(DIGITS).name)
    test.main([dump, str(next(folder.glob('best_*.pth')))])
    assert read_run(folder).stale is None
    with pytest.raises(FileExistsError, match='contains an earlier run'):
        train.main([dump])
    again = train.main([dump, '--work-dir', str(tmp_path / 'again')])
    assert [entry['epoch'] for entry in again['history']] == [1, 2, 3]
    with pytest.raises(ValueError, match='resume=True, expected False.*options resume=False'):
        train.main([dump, '--work-dir', str(tmp_path / 'other'), '--cfg-options', 'resume=True'])


def test_predictions_and_features_of_a_run(run, digits_root, tmp_path):
    folder, best = run
    picture = str(next((digits_root / 'test/3').glob('*.png')))
    for tool in (predict, visualize_features):
        of_run, of_checkpoint = (tool.main([*model, picture, '--out-dir', str(tmp_path / name),
                                            '--overwrite', '--device', 'cpu'])
                                 for name, model in (('a', [str(folder)]),
                                                     ('b', [CLASSIFIER, str(best)])))
        assert of_run == of_checkpoint


def test_detections_of_runs_with_other_options(detector, roads, tmp_path):
    for name in 'ab':
        folder = write_run(tmp_path / name, DETECTOR, options=roads_options(roads), tested={})
        shutil.copy(detector, folder / 'best.pth')
    record = compare_detections.main([str(tmp_path / 'a'), str(tmp_path / 'b'), '--out-dir',
                                      str(tmp_path / 'out'), '--device', 'cpu'])
    assert record['images'] == 5 and [one['name'] for one in record['models']] == ['a', 'b']
    assert {one['disagreement'] for one in record['drawn']} == {0}


@pytest.mark.parametrize('change, message', [
    (dict(config='/tmp/evil.py'), 'the config /tmp/evil.py, which is not in configs/'),
    (dict(config='configs/../../evil.py'), 'evil.py, which is not in configs/'),
    *((dict(options=[option]), f'{option}, which could run any code; give --trust-checkpoint')
      for option in ('custom_imports.imports=[antigravity]', '+model.type=os.system',
                     'model.data_preprocessor.type=os.system', 'default_scope=antigravity',
                     "model.head={'\\x74ype': 'os.system'}", 'train_dataloader.collate_fn=a.b')),
    (dict(checkpoint='gone.pth'), 'gone.pth: no such checkpoint, which the record')])
def test_a_strangers_run_executes_nothing(run, change, message):
    folder, _ = run
    record = json.loads((folder / 'result.json').read_text()) | change
    (folder / 'result.json').write_text(json.dumps(record))
    with pytest.raises((OSError, ValueError)) as error:
        test.parse_args([str(folder)])
    assert message in str(error.value)
