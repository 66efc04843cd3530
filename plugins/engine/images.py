"""Read image files: the one reader of classification, detection and predictions."""
import logging
import mmap
import os
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from mmengine.logging import print_log
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError
from pillow_heif import register_heif_opener

register_heif_opener()  # of phones; it turns them itself
# Not all of Pillow's formats: it reads PostScript by starting Ghostscript.
_FORMATS = ('JPEG', 'PNG', 'BMP', 'WEBP', 'TIFF', 'PPM', 'HEIF')
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm', '.pgm',
            '.heic', '.heif')
CONVERT = 'convert a picture of another format (AVIF, GIF, ...) to JPEG or PNG'
_ADVICE = {Image.DecompressionBombError: 'scale it down', MemoryError: 'scale it down',
           OverflowError: 'save it with 8 or 16 bits',
           FileNotFoundError: 'correct its name or its folder',
           UnidentifiedImageError: f'copy the file again, or {CONVERT}'}
_FLAT = 16  # of 255: a picture whose values vary less in each channel shows (nearly) nothing
_NAMED = 20  # odd pictures that are named in a run
# Byte k + 1 is set when a file with the checksum k was warned of; byte 0 counts them. Data loaders
# fork their workers, which share it.
_warned = mmap.mmap(-1, 1 << 24)
oddities: dict[str, str] = {}  # path -> what is odd about a picture that this process has read
# Pillow's warning of half the limit names no file, and such a picture is read well.
warnings.filterwarnings('ignore', category=Image.DecompressionBombWarning)


def read_image(path: str | Path) -> Image.Image:
    """Read an image file at its own size as 8-bit RGB, rotated according to its EXIF tag.

    Grey images get three equal channels, palettes and CMYK are converted, alpha is dropped, and the
    first of several pages or frames is read. 16-bit grey, and 32-bit grey with values in
    0 ... 65535, keep the upper byte; floating point in 0 ... 1 becomes 0 ... 255; other pixels are
    rejected. Nothing is stretched: 12 bits in a 16-bit file come out dark. Further pages, dark
    pictures and those of (nearly) one colour are warned of, once. Pillow is used because it reports
    truncated files, which OpenCV fills with grey.

    Raises:
        ValueError: The file is missing, is no image, is truncated, is too large (Pillow's limit
            of 179 megapixels) or has pixels without a known range; see the cause.
    """
    with _opened(path) as image:
        pages = 1 if image.format == 'MPO' else getattr(image, 'n_frames', 1)  # MPO: previews
        image.load()
        image, dark = _eight_bits(ImageOps.exif_transpose(image), image)
        image = image.convert('RGB')
    varies = max(high - low for low, high in image.getextrema())
    odd = [dark, varies < _FLAT and f'is of (nearly) one colour, its values vary by {varies} of '
           '255', pages > 1 and f'has {pages} pages or frames, of which the first is read']
    if any(odd):
        _warn(str(path), '; '.join(filter(None, odd)))
    return image


def image_size(path: str | Path) -> tuple[int, int]:
    """Width and height of the result of :func:`read_image`, from the file header alone.

    Raises:
        ValueError: The file is missing, is no image or is too large.
    """
    with _opened(path) as image:
        lying = image.getexif().get(ExifTags.Base.Orientation, 1) >= 5 and image.format != 'TIFF'
        return image.size[::-1] if lying else image.size  # Pillow turns a TIFF itself


@contextmanager
def _opened(path: str | Path) -> Iterator[Image.Image]:
    """Open a file; an error inside the block names it."""
    try:
        with Image.open(path, formats=_FORMATS) as image:
            yield image
    except Exception as error:  # Pillow's readers raise OSError, SyntaxError, struct.error, ...
        raise ValueError(f'{path}: cannot be decoded as an image ({error}); '
                         f'{_ADVICE.get(type(error), "copy the file again")}') from error


def _eight_bits(image: Image.Image, file: Image.Image) -> tuple[Image.Image, str]:
    """Scale greys of more bits down, which Pillow's convert() would clip; say if they are dark."""
    if image.mode[0] not in 'IF':  # 'I', 'I;16', 'I;16B', 'F': more than 8 bits
        return image, ''
    pixels, top = np.asarray(image), 1 if image.mode == 'F' else 65535
    low, high = pixels.min(), pixels.max()
    if not 0 <= low <= high <= top:  # nor NaN
        raise OverflowError(f'its {pixels.dtype} pixels run from {low:g} to {high:g}, expected '
                            f'them in 0 ... {top}')
    if file.format == 'TIFF' and file.tag_v2.get(ExifTags.Base.PhotometricInterpretation) == 0:
        pixels = top - pixels  # white is zero: Pillow inverts only 8 bits
    dark = f'is dark, its values end at {high:g} of {top}; scale them to that' \
        if pixels.max() < top / 4 else ''
    eight = np.rint(255 * pixels) if top == 1 else pixels.astype(np.uint16) >> 8
    return Image.fromarray(eight.astype(np.uint8)), dark


def _warn(path: str, odd: str) -> None:
    """Warn once a run, not in every epoch and every worker."""
    oddities[path] = odd
    place = 1 + zlib.crc32(os.fsencode(path)) % (len(_warned) - 1)
    if _warned[place] or _warned[0] > _NAMED:
        return
    _warned[place], _warned[0] = 1, _warned[0] + 1
    print_log(f'{path}: {odd}' if _warned[0] <= _NAMED else
              f'More than {_NAMED} pictures are odd; no more are named', 'current', logging.WARNING)
