"""Read image files: the one reader of classification, detection and predictions."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageOps

# Not all of Pillow's formats: it reads PostScript by starting Ghostscript.
_FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'PPM')
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm')


def read_image(path: str | Path) -> Image.Image:
    """Read an image file at its own size as 8-bit RGB, rotated according to its EXIF tag.

    Grey images get three equal channels, alpha is dropped, and the first of several pages or
    frames is read. 16-bit grey, and 32-bit grey with values in 0 ... 65535, keep the upper byte;
    other pixels, e.g. floating point, have no known range and are rejected. Pillow is used because
    it reports truncated files, which OpenCV fills with grey.

    Raises:
        ValueError: The file is missing, is no image, is truncated, is too large (Pillow's limit
            of 179 megapixels) or has pixels without a known range; see the cause.
    """
    with _opened(path) as image:
        image.load()
        return _eight_bits(ImageOps.exif_transpose(image)).convert('RGB')


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of the result of :func:`read_image`, from the file header alone.

    Raises:
        ValueError: The file is missing, is no image or is too large.
    """
    with _opened(path) as image:
        lying = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5
        return image.size[::-1] if lying else image.size


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Open a file; an error inside the block names it."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            yield image
    except Exception as error:  # Pillow's readers raise OSError, SyntaxError, struct.error, ...
        todo = '; scale it down' if isinstance(error, Image.DecompressionBombError) else ''
        raise ValueError(f'{path}: cannot be decoded as an image ({error}){todo}') from error


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit greys down; Pillow's convert() would clip them at 255."""
    if image.mode[0] not in 'IF':  # 'I', 'I;16', 'I;16B', 'F': more than 8 bits
        return image
    pixels = np.asarray(image)
    if image.mode == 'F' or pixels.min() < 0 or pixels.max() > 65535:
        raise ValueError(f'pixels of {pixels.dtype} have no known range, expected 8 or 16 bits')
    return Image.fromarray((pixels.astype(np.uint16) >> 8).astype(np.uint8))
