"""Pictures inside a page: small, as data URIs."""
import base64
import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image


class Inline(NamedTuple):
    """A picture for an ``<img>``.

    Attributes:
        uri: ``data:image/webp;base64,...``.
        width: Its pixels in x.
        height: In y.
        sharp: Whether its few pixels are to stay squares when it is magnified.
    """

    uri: str
    width: int
    height: int
    sharp: bool


def inline(picture: np.ndarray | Path, side: int, quality: int = 75) -> Inline:
    """Encode a picture as WebP, sized down where it is larger.

    Args:
        picture: RGB, uint8, H x W x 3, or a file.
        side: Its longer side gets at most so many pixels.
        quality: Of WebP, 0 to 100; pictures of up to 64 pixels are kept without loss.

    Raises:
        OSError: The file cannot be read as a picture.
    """
    opened = Image.open(picture) if isinstance(picture, Path) else Image.fromarray(picture)
    image = opened.convert('RGB')
    small = max(image.size) <= 64
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, 'WEBP', quality=quality, lossless=small, method=4)
    text = base64.b64encode(buffer.getvalue()).decode()
    return Inline(f'data:image/webp;base64,{text}', *image.size, small)
