"""A page to try a model in a browser: one picture at a time, of which nothing is stored."""
import base64
import io
import math
import secrets
from threading import Lock
from typing import Any

import numpy as np
from flask import Flask, render_template, request
from PIL import Image

from plugins.engine.checks import number
from plugins.engine.images import image_size, read_image
from plugins.visualization.boxes import draw_detections

from .features import as_displayed, trace
from .predict import Model, TrainedModel

MOST_MEGABYTES, MOST_MEGAPIXELS = 50, 50  # of an upload


class _Upload(io.BytesIO):
    """An uploaded file; its name, which may be anything, is not used."""

    def __repr__(self) -> str:
        return 'The picture'


def make_app(model: Model) -> Flask:
    """The WSGI application: ``GET /`` is the page, ``POST /predict`` answers with JSON.

    A picture's answer is ``rows``, pairs of class and score (the best 5, or the first 20 boxes),
    and ``image``, a data URL: the picture with its boxes, or with a class activation map.
    Input that is no picture is answered by ``error``, with status 400 or 413.
    """
    app, one_by_one = Flask(__name__, template_folder='.', static_folder=None), Lock()
    app.jinja_env.autoescape = True  # Flask's own rule knows .html only
    app.config['MAX_CONTENT_LENGTH'] = MOST_MEGABYTES * 1_000_000

    @app.get('/')
    def page() -> tuple[str, dict[str, str]]:
        nonce = secrets.token_urlsafe()
        return render_template('demo.html.j2', model=model, nonce=nonce, most=MOST_MEGABYTES), {
            'Content-Security-Policy': "default-src 'none'; img-src data: blob:; connect-src "
            f"'self'; media-src blob:; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'"}

    @app.post('/predict')
    def predict() -> dict[str, Any] | tuple[dict[str, str], int]:
        try:
            file = _Upload(request.files['picture'].read())
            least = number('', 'score_thr', float(request.form.get('score_thr', 0.3)), 0, 1)
            with one_by_one:  # also the decoding, which needs memory
                if math.prod(image_size(file)) > MOST_MEGAPIXELS * 1_000_000:
                    raise ValueError(f'The picture has more than {MOST_MEGAPIXELS} megapixels; '
                                     'make it smaller')
                return _answer(model, np.asarray(read_image(file)), least)
        except KeyError:
            return dict(error='The request has no file called picture'), 400
        except ValueError as error:
            return dict(error=str(error)), 400

    @app.errorhandler(413)
    def too_large(error: Exception) -> tuple[dict[str, str], int]:
        return dict(error=f'The picture has more than {MOST_MEGABYTES} MB; make it smaller'), 413

    return app


def _answer(model: Model, image: np.ndarray, least: float) -> dict[str, Any]:
    record = model.predict(image, score_thr=least)
    if model.kind == 'detector':
        found = record['detections']
        return dict(rows=[(one['class'], one['score']) for one in found[:20]],
                    image=_data_url(draw_detections(image, found, model.classes)))
    shown = _explained(model, image) if isinstance(model, TrainedModel) else image
    return dict(rows=[(one['class'], one['score']) for one in record['topk']],
                image=_data_url(shown))


def _explained(model: TrainedModel, image: np.ndarray) -> np.ndarray:
    """The network's input, in which what speaks for the predicted class is bright (Grad-CAM)."""
    seen = trace(model.model, lambda: model([image])[0])
    try:
        share, _ = seen.grad_cam(seen.default_cam_layer(), int(seen.scores.argmax()))
    except ValueError:  # the network has no convolution
        return image
    shown = as_displayed(seen.inputs, model.model.data_preprocessor)[0]
    return (shown * (0.25 + 0.75 * share[..., None])).astype(np.uint8)


def _data_url(image: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'PNG')
    return f'data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}'
