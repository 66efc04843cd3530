"""Draw a network's filters, feature maps and class activation maps from arrays."""
import math
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from .charts import plain

# A map is flat if it varies by at most this share of the layer's largest value (rounding errors).
NEGLIGIBLE = 1e-3
_FLAT = 0.8  # grey level of flat maps
_INCHES, _HEAD, _EDGE = 1.25, 0.85, 0.12  # sizes of a tile, of the heading and of the margin


def flat_maps(maps: np.ndarray) -> np.ndarray:
    """(C,) whether each of the maps (C x H x W) is constant except for rounding errors."""
    return np.ptp(maps, axis=(1, 2)) <= NEGLIGIBLE * np.abs(maps).max()


def draw_maps(maps: np.ndarray, layer: str, most: int = 64) -> Figure:
    """Draw feature maps in viridis, each scaled from its lowest (dark) to its highest value.

    Args:
        maps: C x H x W, all maps of the layer.
    """
    flat, low, high = flat_maps(maps), maps.min((1, 2)), maps.max((1, 2))
    tiles = [(None, f'{k}: flat {_value(low[k])}') if flat[k] else
             ((one - low[k]) / (high[k] - low[k]), f'{k}: {_value(low[k])} … {_value(high[k])}')
             for k, one in enumerate(maps[:most])]
    return _grid(tiles, maps.shape[1:], f'Feature maps of {layer}', [
        f'{_of(len(tiles), len(maps))} maps of {maps.shape[1]} x {maps.shape[2]} (height x width);'
        f' {flat.sum()} are flat; all values: {maps.min():.3g} … {maps.max():.3g}',
        'each is scaled by its own range, written below it (dark: lowest; grey: flat)'])


def draw_filters(weights: np.ndarray, layer: str, most: int = 64) -> Figure:
    """Draw filters as colours, each scaled by its largest absolute weight; 0 is grey.

    Args:
        weights: O x C x h x w. Three channels are drawn as R, G, B; of any other number only the
            first is drawn, in grey.
    """
    shown = weights if weights.shape[1] == 3 else weights[:, :1].repeat(3, axis=1)
    largest = np.abs(shown).max((1, 2, 3))
    dead = largest <= NEGLIGIBLE * np.abs(weights).max()
    tiles = [(None, f'{k}: flat 0') if dead[k] else
             ((1 + one.transpose(1, 2, 0) / largest[k]) / 2, f'{k}: ±{_value(largest[k])}')
             for k, one in enumerate(shown[:most])]
    colour = 'R, G, B' if weights.shape[1] == 3 else f'the first of {weights.shape[1]} channels'
    return _grid(tiles, weights.shape[2:], f'Filters of {layer}', [
        f'{_of(len(tiles), len(weights))} filters of {weights.shape[2]} x {weights.shape[3]} '
        f'({colour}); {dead.sum()} are flat; all weights: {weights.min():.3g} … '
        f'{weights.max():.3g}',
        'grey is 0; each filter is scaled by its largest absolute weight, written below it'])


def draw_cam(image: np.ndarray, share: np.ndarray, title: str, notes: Sequence[str]) -> Figure:
    """Draw a network's input, and next to it a grey copy overlaid with the class activation map.

    Brighter and yellower means more. pytorch-grad-cam's jet colours have no order for colour-blind
    people, and it scales each picture's brightness by its own maximum.

    Args:
        image: The input.
        share: H x W, from 0 to 1.
        title: Written in bold at the top.
        notes: Lines below the title.
    """
    height = 4.2 * image.shape[0] / image.shape[1]  # inches
    figure, (left, right) = _page(1, 2, 4.2, height, title, notes)
    left.imshow(image)
    right.imshow(np.asarray(Image.fromarray(image).convert('L')), cmap='gray', vmin=0, vmax=255)
    right.imshow(share, cmap='inferno', vmin=0, vmax=1, alpha=0.75 * np.sqrt(share))
    return figure


def _grid(tiles: Sequence[tuple[np.ndarray | None, str]], shape: tuple[int, int], title: str,
          notes: Sequence[str]) -> Figure:
    """Draw tiles (values from 0 to 1, or colours; None: flat) with captions in a squarish grid."""
    columns = min(max(6, math.ceil(math.sqrt(1.3 * len(tiles)))), 16)
    figure, all_axes = _page(math.ceil(len(tiles) / columns), columns, _INCHES, _INCHES + 0.2,
                             title, notes)
    colours = matplotlib.colormaps['viridis'].with_extremes(bad=str(_FLAT))
    for axes, (picture, caption) in zip(all_axes, tiles, strict=False):
        axes.imshow(np.full(shape, np.nan) if picture is None else picture, cmap=colours, vmin=0,
                    vmax=1, interpolation='nearest')
        axes.text(0, -0.03, caption, transform=axes.transAxes, fontsize=6.5, va='top')
    return figure


def _page(rows: int, columns: int, width: float, height: float, title: str, notes: Sequence[str]
          ) -> tuple[Figure, list[Axes]]:
    """A figure of tiles (sizes in inches) without axes, below a title and notes."""
    wide, high = columns * width + 2 * _EDGE, rows * height + _HEAD + _EDGE
    figure = Figure(figsize=(wide, high))
    figure.text(_EDGE / wide, 1 - 0.1 / high, plain(title, 200), fontsize=12, fontweight='bold',
                va='top')
    figure.text(_EDGE / wide, 1 - 0.36 / high, '\n'.join(plain(note, 200) for note in notes),
                fontsize=9, color='0.45', va='top')
    grid = figure.subplots(rows, columns, squeeze=False, gridspec_kw=dict(
        left=_EDGE / wide, right=1 - _EDGE / wide, top=1 - _HEAD / high, bottom=_EDGE / high,
        wspace=0.06, hspace=0.06))
    for axes in grid.flat:
        axes.set_axis_off()
        axes.set_anchor('NW')
    return figure, list(grid.flat)


def _of(shown: int, total: int) -> str:
    return f'{total}' if shown == total else f'the first {shown} of {total}'


def _value(number: float) -> str:
    """A number with two significant digits."""
    return f'{float(number):.2g}'.replace('-', '−')
