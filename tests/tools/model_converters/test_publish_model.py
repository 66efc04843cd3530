import json
import re

import pytest
import torch
import yaml

from plugins.apis import load_model
from plugins.engine.zoo import VARIABLE
from tests.conftest import DIGITS
from tools.misc.zoo import main as zoo
from tools.model_converters.publish_model import main
from tools.predict import main as predict
from tools.test import main as run_test

NAME = 'basenet-residual_scratch_1xb64-20e_digits-16px'


@pytest.fixture(scope='module')
def tested_run(train_digits, tmp_path_factory):
    """The work dir of a tested run."""
    run = tmp_path_factory.mktemp('runs') / 'run'
    train_digits('--work-dir', str(run))
    run_test([str(run), '--trust-checkpoint'])
    return run


def test_a_run_is_published_listed_and_used_by_its_name(
        tested_run, digits_root, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(VARIABLE, str(tmp_path / 'zoo'))
    card = main([str(tested_run), '--data-licence', 'CC BY 4.0', '--trust-checkpoint'])
    made = next((tmp_path / 'zoo').glob(f'{NAME}_2*'))
    record = json.loads((tested_run / 'test/result.json').read_text())
    assert card['test']['metrics'] == record['metrics'] and card['test']['images'] == 60
    low, high = card['test']['intervals']['accuracy/top1']
    assert 0 <= low < record['metrics']['accuracy/top1'] < high <= 100
    entry = yaml.safe_load((tmp_path / 'zoo/metafile.yml').read_text())['Models'][0]
    assert entry['Name'] == NAME and entry['Config'] == DIGITS and made.name in entry['Weights']
    text = (made / 'README.md').read_text()
    for told in ('677,578', '8 convolutional', 'CC BY 4.0', f'{low:.2f} to', made.name,
                 entry['Metadata']['SHA-256'], 'on the test images (60)'):
        assert told in text
    published = torch.load(made / f'{made.name}.pth', weights_only=True)
    assert set(published) == {'state_dict', 'meta', 'message_hub'}
    assert str(digits_root) not in str(published) + text
    assert (made / f'{made.name}.pth').stat().st_size < next(
        tested_run.glob('best*.pth')).stat().st_size
    ours, theirs = (predict([*model, str(digits_root / 'test/3'), '--out-dir', str(
        tmp_path / name)])['predictions'] for name, model in (
            ('a', [NAME]), ('b', [str(tested_run), '--trust-checkpoint'])))
    assert ours == theirs
    own = load_model(tested_run, device='cpu', trust=True).card
    assert own['test'] == card['test'] and own['flops'] == card['flops'] > 1_000_000
    capsys.readouterr()
    assert zoo(['list'])[NAME] == entry and zoo(['get', NAME]).parent == made
    assert f'{NAME}\n    Image Classification: Top 1 Accuracy' in capsys.readouterr().out
    assert load_model(NAME, device='cpu').features(digits_root / 'test/3').shape[1] == 1024


def test_nothing_is_overwritten(tested_run, tmp_path):
    argv = [str(tested_run), '--trust-checkpoint', '--out-dir', str(tmp_path)]
    main(argv)
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}
    with pytest.raises(ValueError, match=f'metafile.yml: lists a model {NAME} already; give anot'):
        main(argv)
    assert {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()} == before
    main([*argv, '--name', 'second'])
    assert all(path.read_bytes() == content for path, content in before.items()
               if path.name != 'metafile.yml')
    assert len(yaml.safe_load((tmp_path / 'metafile.yml').read_text())['Models']) == 2


@pytest.mark.parametrize('text', [
    '', 'Models: []', 'Models:\n- Name: other\n  Config: a.py',
    'Models:\n  - {Name: a}\nOther: 3\n'])
def test_an_index_in_any_form_gets_the_entry(classifier, tmp_path, text):
    index = tmp_path / 'metafile.yml'
    index.write_text(text)
    main([DIGITS, str(classifier), '--out-dir', str(tmp_path), '--name', 'new'])
    before, after = (yaml.safe_load(one) or {} for one in (text, index.read_text()))
    assert after['Models'][:-1] == (before.get('Models') or []) and after['Models'][-1][
        'Name'] == 'new' and after.get('Other') == before.get('Other')


def test_a_checkpoint_in_its_run_and_others(tested_run, classifier, tmp_path):
    last, out = next(tested_run.glob('epoch_*.pth')), ['--trust-checkpoint', '--out-dir']
    card = main([str(last), *out, str(tmp_path / 'a')])
    assert card['test'] is None and 'Not tested' in next(
        (tmp_path / 'a').glob('*/README.md')).read_text()
    card = main([str(tested_run), *out, str(tmp_path / 'd'), '--cfg-options',
                 'model.data_preprocessor.to_bgr=True'])
    assert card['test'] is None  # which was of another config
    card = main([DIGITS, str(classifier), *out, str(tmp_path / 'b')])
    assert card['training'] == {} and 'Not known' in next(
        (tmp_path / 'b').glob('*/README.md')).read_text()
    with pytest.raises(FileNotFoundError, match='result.json: no such record; is the run finished'):
        main([str(classifier), *out, str(tmp_path / 'c')])
    assert not (tmp_path / 'c').exists()


@pytest.mark.parametrize('name', ['../x', 'a b', '.hidden', 'ü', 'x' * 200])
def test_a_name_that_is_no_file_name(classifier, tmp_path, name):
    with pytest.raises(ValueError, match=re.escape(f'{name!r} is no name')):
        main([DIGITS, str(classifier), '--out-dir', str(tmp_path), '--name', name])
