import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, roads_options, save_checkpoint
from tools.analysis_tools.compare_detections import main, parse_args


@pytest.fixture(scope='module')
def models(detector, tmp_path_factory):
    other = tmp_path_factory.mktemp('models') / 'other.pth'
    return [str(detector), str(save_checkpoint(other, DETECTOR, ('car',), 2))]


def compare(roads, out, *argv, options=()):
    return main([*argv, '--out-dir', str(out), '--device', 'cpu', '--cfg-options',
                 *roads_options(roads), *options])


def test_counts_are_those_of_the_metric_on_the_same_checkpoint(roads, models, tmp_path):
    from tools.test import main
    record = compare(roads, tmp_path / 'out', DETECTOR, *models, '--images', '2',
                     '--score-thr', '0.6', '--iou-thr', '0.25')
    for checkpoint, model in zip(models, record['models'], strict=True):
        metrics = main([DETECTOR, checkpoint, '--work-dir', str(tmp_path / model['name']),
                        '--cfg-options',
                        'test_evaluator.1.score_thr=0.6', 'test_evaluator.1.iou_thr=0.25',
                        *roads_options(roads)])['metrics']
        assert {key: model[key] for key in ('tp', 'fp', 'fn')} == {
            key: metrics[f'car/{key}'] for key in ('tp', 'fp', 'fn')}
        assert min(model[key] for key in ('tp', 'fp', 'fn')) > 0
    assert record['images'] == 5
    assert json.loads((tmp_path / 'out/comparison.json').read_text()) == record
    drawn = sorted(path.stem for path in (tmp_path / 'out').glob('*.png'))
    assert drawn == sorted(one['id'] for one in record['drawn']) and len(drawn) == 2
    order = [one['disagreement'] for one in record['drawn']]
    assert order == sorted(order, reverse=True) and order[0] > 0


def test_asked_for_images_are_drawn_with_a_panel_a_model(roads, models, tmp_path):
    every = compare(roads, tmp_path / 'a', DETECTOR, models[0], '--images', '2',
                    '--score-thr', '0.999')
    wanted = [one['id'] for one in every['drawn']][::-1]
    record = compare(roads, tmp_path / 'b', DETECTOR, models[0], DETECTOR, models[0],
                     '--ids', *wanted, '--score-thr', '0.999', '--names', 'one', 'other')
    assert [one['id'] for one in record['drawn']] == wanted and record['images'] == 2
    assert [one['name'] for one in record['models']] == ['one', 'other']
    assert all(one['disagreement'] == 0 for one in record['drawn'])
    alone, twice = (np.asarray(Image.open(tmp_path / folder / f'{wanted[0]}.png')).shape
                    for folder in 'ab')
    assert alone[1] == twice[1] == 1600 and twice[0] > 1.7 * alone[0]


def test_configs_must_show_the_same_thing(roads, models, tmp_path):
    other = tmp_path / 'other.py'
    other.write_text(f'_base_ = {DETECTOR!r}\n'
                     "test_dataloader = dict(dataset=dict(class_map=dict(car=['Car'])))\n")
    with pytest.raises(ValueError, match='different images or labels, such as .*class_map'):
        compare(roads, tmp_path / 'out', DETECTOR, models[0], str(other), models[1])
    other.write_text(f'_base_ = {DETECTOR!r}\ntest_dataloader = dict(dataset=dict('
                     "split=dict(seed=1)))\n")
    with pytest.raises(ValueError, match=r'different images or labels, such as 0000.* in all\)'):
        compare(roads, tmp_path / 'out', DETECTOR, models[0], str(other), models[1])
    with pytest.raises(ValueError, match='--ids 777: no such images among the 5'):
        compare(roads, tmp_path / 'out', DETECTOR, models[0], '--ids', '777')
    with pytest.raises(ValueError, match='describes a classifier, expected a detector'):
        main([CLASSIFIER, models[0], '--out-dir', str(tmp_path / 'out')])
    vans = save_checkpoint(tmp_path / 'vans.pth', DETECTOR, ('van',))
    with pytest.raises(ValueError, match='trained on the classes van, but the data have car'):
        compare(roads, tmp_path / 'out', DETECTOR, str(vans))
    assert not (tmp_path / 'out').exists()


def test_a_config_holds_for_the_checkpoints_behind_it_whose_names_tell_them_apart(tmp_path):
    second = tmp_path / 'second.py'
    second.touch()
    paths = [tmp_path / name for name in ('a/x/best.pth', 'b/x/best.pth', 'b/x/last.pth')]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    args = parse_args([DETECTOR, str(paths[0]), str(paths[1]), str(second), str(paths[2])])
    assert [(config, checkpoint) for (config, _), checkpoint in args.pairs] == [
        (Path(DETECTOR), paths[0]), (Path(DETECTOR), paths[1]), (second, paths[2])]
    for chosen, names in ((paths[:2], ['a/x', 'b/x']), (paths[1:], ['best.pth', 'last.pth']),
                          (paths[1:2], ['b/x'])):
        assert parse_args([DETECTOR, *map(str, chosen)]).names == names


@pytest.mark.parametrize('argv, message', [
    (['{model}'], 'expected a config first'), (['{config}'], 'no checkpoint follows'),
    (['{config}', '{model}', '{other}'], 'no checkpoint follows'),
    (['{other}', '{config}', '{model}'], 'no checkpoint follows'),
    (['{config}', '{model}', '--names', 'a', 'b'], '2 names for 1 checkpoints'),
    (['{config}', '{model}', '--iou-thr', '0'], 'above 0'),
    (['{config}', '{model}', '--images', '3', '--ids', '1'], 'not allowed with')])
def test_wrong_arguments_are_rejected(models, capsys, argv, message):
    with pytest.raises(SystemExit):
        parse_args([word.format(config=DETECTOR, other=CLASSIFIER, model=models[0])
                    for word in argv])
    assert message in capsys.readouterr().err
