import base64
import io

import numpy as np
import pytest
from PIL import Image

from plugins.report.collect import collect
from plugins.report.pictures import inline, read_examples
from tests.plugins.report.runs import mistake, write_examples, write_run

MOST = dict(mistakes=12, detections=3)


def decoded(one):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(one.uri.partition(',')[2]))))


def test_large_pictures_shrink_and_others_are_embedded_as_they_are(tmp_path):
    Image.new('RGB', (2000, 500), (90, 90, 90)).save(tmp_path / 'large.png')
    Image.new('RGB', (1000, 50)).save(tmp_path / 'small.webp')
    one, small = (inline(tmp_path / name, tmp_path) for name in ('large.png', 'small.webp'))
    assert one.uri.startswith('data:image/webp;base64,') and (one.width, one.height) == (1000, 250)
    assert abs(decoded(one).astype(int) - 90).max() < 4
    assert base64.b64decode(small.uri.partition(',')[2]) == (tmp_path / 'small.webp').read_bytes()


def test_examples_of_another_test_do_not_count(tmp_path):
    for name, record in (('a', dict(checkpoint='other.pth')), ('b', dict(config_hash='other'))):
        write_examples(write_run(tmp_path / name), 'mistakes', mistake(), **record)
    for name, tested in (('without', None), ('untested', {})):
        write_run(tmp_path / name, tested=tested)
    assert [read_examples(entry, MOST) for entry in collect([tmp_path]).entries] == [None] * 4


@pytest.mark.parametrize('example, record, message', [
    (dict(name='x'), {}, "KeyError: 'truth'"), (mistake(file=3), {}, 'file is 3'),
    (mistake(file='x.svg'), {}, 'x.svg: not readable as a picture'),
    (mistake(file='none.png'), {}, 'none.png: not readable'), (mistake(), dict(kind='x'), "'x'"),
    (mistake(file='../../../secret.png'), {}, 'examples/secret.png: not readable'),
    (mistake(confidence='high'), {}, 'confidence is .high., expected a number')])
def test_damaged_examples_are_named_and_nothing_outside_their_folder_is_read(
        example, record, message, tmp_path):
    run = write_run(tmp_path / 'run')
    Image.new('RGB', (8, 8)).save(tmp_path / 'secret.png')
    folder = write_examples(run, 'mistakes', example, **record)
    (folder / 'x.svg').write_text('<svg onload="alert(1)"/>')
    with pytest.raises(ValueError, match=f'examples.json: .*{message}'):
        read_examples(collect([run]).entries[0], MOST)


@pytest.mark.parametrize('link', ['confusion_matrix.png', 'examples/0.png', 'examples'])
def test_a_picture_outside_the_run_does_not_reach_the_page(link, tmp_path):
    """The author of a folder of runs may link to any file that the one who shows them can read."""
    run, secret = write_run(tmp_path / 'run'), tmp_path / 'secret'
    write_examples(run, 'mistakes', mistake())
    if link == 'examples':
        (run / 'test/examples').rename(secret)
    else:
        Image.new('RGB', (9, 9), (1, 2, 3)).save(secret, 'PNG')
        (run / 'test' / link).unlink(missing_ok=True)
    (run / 'test' / link).symlink_to(secret)
    with pytest.raises(ValueError, match=f'{link}.* a link that leads out of {run}'):
        if link == 'confusion_matrix.png':
            inline(run / 'test' / link, run)
        read_examples(collect([run]).entries[0], MOST)
