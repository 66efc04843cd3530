import io
import re
import threading
from dataclasses import replace

import numpy as np
import pytest
from flask import Response
from PIL import Image
from waitress.server import create_server

from plugins.apis import load_model
from plugins.apis.demo import make_app
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR
from tests.tools.browser import answered, asking

HOSTILE = '../../etc/"><img src=x onerror=alert(1)>.png'
# What a person does: choose a file with a hostile name, wait, and look.
UPLOAD = """
const bytes = Uint8Array.from(atob("%s"), one => one.charCodeAt(0));
const files = new DataTransfer();
files.items.add(new File([bytes], %r, {type: 'image/png'}));
at('file').files = files.files;
at('file').onchange({target: at('file')});"""


def png(side=40):
    """A picture of noise as a file."""
    file = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (side, 2 * side, 3), np.uint8)
    Image.fromarray(pixels).save(file, 'PNG')
    return file.getvalue()


@pytest.fixture
def model(classifier):
    return load_model(CLASSIFIER, classifier, 'cpu')


def post(client, content=None, name='p.png', **fields):
    files = dict(picture=(io.BytesIO(png() if content is None else content), name))
    return client.post('/predict', data={**files, **fields})


def test_a_classifier_answers_with_five_classes_and_what_it_looked_at(model):
    client = make_app(model).test_client()
    answer = post(client).json
    expected = model.predict(np.asarray(Image.open(io.BytesIO(png()))))['topk']
    assert answer['rows'] == [[one['class'], one['score']] for one in expected]
    assert len(answer['rows']) == 5 and answer['image'].startswith('data:image/png;base64,')


def test_a_detector_answers_with_boxes_of_the_least_score(detector):
    client = make_app(load_model(DETECTOR, detector, 'cpu')).test_client()
    every, few = (post(client, score_thr=least).json['rows'] for least in ('0.06', '0.9'))
    assert len(every) > len(few) and all(score >= 0.9 for _, score in few)
    for least in ('high', 'nan', '2'):
        assert post(client, score_thr=least).status_code == 400


@pytest.mark.parametrize('content, word', [
    (b'text', 'The picture: cannot be decoded'), (b'', 'cannot be decoded'),
    (png()[:-50], 'The picture: cannot be decoded'), (None, 'more than 50 megapixels')])
def test_what_is_no_picture_is_one_sentence(model, content, word):
    if content is None:
        file = io.BytesIO()
        Image.new('1', (9000, 6000)).save(file, 'PNG')
        content = file.getvalue()
    answer = post(make_app(model).test_client(), content, HOSTILE)
    assert answer.status_code == 400 and word in answer.json['error']


def test_nothing_else_is_served(model):
    client = make_app(model).test_client()
    for path in ('/static/x', '/../../etc/passwd', '/demo.html.j2', '/predict'):
        assert client.get(path).status_code in (404, 405)
    assert post(client, b'0' * 51_000_000).status_code == 413
    assert client.post('/predict').status_code == 400
    page = client.get('/')
    assert "default-src 'none'" in page.headers['Content-Security-Policy']
    assert 'http' not in page.text.partition('<script')[2]  # everything is in the page


def test_names_of_classes_are_text(model):
    named = replace(model, classes=('<form action=http://evil>', *'123456789'))
    page = make_app(named).test_client().get('/').text
    assert '&lt;form action' in page and '<form' not in page


@pytest.mark.slow
@pytest.mark.parametrize('kind, config', [('classifier', CLASSIFIER), ('detector', DETECTOR)])
@pytest.mark.parametrize('width', [1280, 390])
def test_a_browser(kind, config, width, request, tmp_path):
    import base64
    app = make_app(load_model(config, request.getfixturevalue(kind), 'cpu'))
    script = UPLOAD % (base64.b64encode(png(200)).decode(), HOSTILE)
    look = """return {rows: at('rows').children.length, image: at('picture').naturalWidth,
        error: at('error').textContent, wide: document.documentElement.scrollWidth - innerWidth}"""

    @app.after_request
    def begin(answer: Response) -> Response:
        if answer.mimetype == 'text/html':
            nonce = re.search(r'nonce-([\w-]+)', answer.headers['Content-Security-Policy'])[1]
            text = answer.get_data(as_text=True)
            text = text.replace('</body>', f'<script>{script}</script></body>')
            answer.set_data(asking(text, look, 4000, nonce))
        return answer

    server = create_server(app, host='127.0.0.1', port=0)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        found, errors = answered(f'http://127.0.0.1:{server.effective_port}/', tmp_path, width)
    finally:
        server.close()
    assert found['rows'] >= (5 if kind == 'classifier' else 0) and found['image'] > 0
    assert not found['error'] and found['wide'] <= 0 and not errors
