import base64
import io

import numpy as np
from PIL import Image

from plugins.report.pictures import inline


def decoded(one):
    assert one.uri.startswith('data:image/webp;base64,')
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(one.uri.partition(',')[2]))))


def test_large_pictures_shrink_and_keep_their_shape():
    one = inline(np.full((300, 1200, 3), 90, np.uint8), 400)
    assert (one.width, one.height, one.sharp) == (400, 100, False)
    assert decoded(one).shape == (100, 400, 3) and abs(decoded(one).astype(int) - 90).max() < 4


def test_small_pictures_lose_nothing():
    picture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    one = inline(picture, 144)
    assert one.sharp and np.array_equal(decoded(one), picture)
