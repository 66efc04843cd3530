"""Fit the anchors of a YOLOv3 config to its training boxes, and print what they gain.

    python tools/analysis_tools/optimize_anchors.py configs/yolov3/CONFIG.py

prints the mean IoU of a box with its best anchor and the share of boxes above 0.5, of the config's
anchors and of the fitted ones, then the lines to paste into the config, if those are better.

The clustering is mmdet's (YOLOKMeansAnchorOptimizer of its tools/analysis_tools/
optimize_anchors.py, which the installed package carries). What is wrong upstream:

- It divides widths by ``max(image side) / input width`` and heights by
  ``max(image side) / input height``: right for a square letterbox alone. A box of KITTI's
  1242 x 375 comes out 0.52 as wide and 0.15 as high in 640 x 192, where the pipeline makes both
  0.51. Here the config's own train pipeline resizes the boxes, whatever it consists of.
- It counts ignored instances, which no anchor learns. In KITTI, DontCare regions are half of all.
- It starts from boxes drawn with replacement; where one size is drawn twice, a cluster stays empty
  and gives an anchor of 0 x 0, or the fit ends before its first step. Here an empty cluster takes
  the box that the others fit worst.
- Nothing is seeded. Here --seed decides, and the best of --restarts fits is taken.
- Its lists of anchors are flat, smallest first; a config wants one list a scale, in the order of
  its strides.

It fits to the training part alone; anchors that have seen the test images spoil the test.
"""
import argparse
import io
import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import add_cfg_options, config_file, positive, seed

if TYPE_CHECKING:
    import numpy as np

UPSTREAM = '.mim/tools/analysis_tools/optimize_anchors.py'
ITERATIONS = 1000  # upstream's; KITTI needs some 20
SHARE_IOU = 0.5

Sizes = list[tuple[float, float]]
Levels = list[list[tuple[int, int]]]


class Fit(NamedTuple):
    """How well anchors fit boxes: mean IoU of a box with its best anchor, share above 0.5."""

    mean_iou: float
    share: float


def parse_args(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('config', type=config_file, metavar='CONFIG')
    parser.add_argument('--seed', type=seed, default=0, metavar='N')
    parser.add_argument('--restarts', type=positive, default=100, metavar='N',
                        help='fits to take the best of (default: %(default)s); a few hundred boxes '
                        'gain by more, tens of thousands need fewer')
    add_cfg_options(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> dict[str, Any]:
    """Print the figures and the lines to paste; return boxes, base_sizes, before and after.

    ``base_sizes`` are the config's own where no fit has a larger mean IoU.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        FileNotFoundError: The data, or upstream's tool, are missing.
        ValueError: The config has no YOLO anchors or is wrong, see load_config, or there are
            fewer sizes of boxes than anchors.
    """
    args = parse_args(argv)
    import plugins.detection  # noqa: F401 (registers the data set; makes mmdet importable)
    from plugins.engine.session import load_config

    cfg = load_config(str(args.config), args.cfg_options)
    generator = cfg.model.get('bbox_head', {}).get('anchor_generator', {})
    if generator.get('type') != 'YOLOAnchorGenerator':
        raise ValueError(f'{args.config}: model.bbox_head.anchor_generator is '
                         f'{generator.get("type")}, expected a YOLOAnchorGenerator')
    sizes = training_sizes(cfg, args.seed)
    present = [size for level in generator.base_sizes for size in level]
    fitted = fit(sizes, len(present), args.seed, args.restarts)
    before, after = quality(sizes, present), quality(sizes, fitted)
    better = after.mean_iou > before.mean_iou
    result = dict(boxes=len(sizes), before=before, after=after, base_sizes=to_levels(
        fitted, generator.base_sizes, generator.strides) if better else generator.base_sizes)
    report(result, better)
    return result


def training_sizes(cfg: Any, seed: int) -> Sizes:
    """Width and height in input pixels of the training boxes that are not ignored.

    Each image goes through the transforms once, as in the epochs of a training that close a mosaic
    or MixUp: those that mix images are left out, and RandomAffine, which undoes a mosaic's size.

    Raises:
        ValueError: The transforms do not end in PackDetInputs.
    """
    from mmdet.registry import DATASETS
    from mmdet.structures.bbox import get_box_tensor
    from mmengine.registry import DefaultScope
    from mmengine.runner import set_random_seed
    from rich.progress import track

    with DefaultScope.overwrite_default_scope(cfg.get('default_scope', 'mmdet')):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        _stop_mixing(dataset)
        set_random_seed(seed)
        sizes: Sizes = []
        for index in track(range(len(dataset)), 'boxes of the training images'):
            sample = dataset[index]
            if 'data_samples' not in sample:
                raise ValueError(f'{cfg.filename}: the transforms of train_dataloader.dataset hand '
                                 f'out {sorted(sample)}, expected PackDetInputs at their end')
            boxes = get_box_tensor(sample['data_samples'].gt_instances.bboxes)
            sizes += [tuple(size) for size in (boxes[:, 2:] - boxes[:, :2]).tolist()]
    return sizes


def fit(sizes: Sizes, count: int, seed: int = 0, restarts: int = 100) -> list[tuple[int, int]]:
    """The best of several k-means fits, as whole pixels, smallest area first.

    Raises:
        ValueError: There are fewer different sizes than anchors.
    """
    import torch
    from rich.progress import track

    different = len(set(sizes))
    if different < count:
        raise ValueError(f'found {different} different sizes among {len(sizes)} boxes that are not '
                         f'ignored, expected at least one for each of the {count} anchors; take '
                         'more training images')
    with redirect_stdout(io.StringIO()):
        optimizer = _optimizer_class()(
            num_anchors=count, iters=ITERATIONS, dataset=_AtInputSize(sizes), input_shape=(1, 1),
            logger=logging.getLogger('optimize_anchors.upstream'), device='cpu')
    fits = []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for _ in track(range(restarts), 'fits'):
            with redirect_stdout(io.StringIO()):
                anchors = optimizer.kmeans_anchors()
            fits.append([tuple(max(round(float(side)), 1) for side in wh) for wh in anchors])
    return max(fits, key=lambda anchors: quality(sizes, anchors).mean_iou)


def quality(sizes: Sizes, anchors: Sequence[tuple[float, float]]) -> Fit:
    """Compare boxes with anchors as the assigners do: by IoU, both at one centre."""
    best = _ious(sizes, anchors).max(1)
    return Fit(float(best.mean()), float((best > SHARE_IOU).mean()))


def to_levels(anchors: Sequence[tuple[int, int]], like: Sequence[Sequence],
              strides: Sequence[Any]) -> Levels:
    """Give the largest anchors to the coarsest scale; as many a scale as ``like`` has.

    Args:
        anchors: Smallest first.
        like: The config's base_sizes, a list for each scale.
        strides: Of each scale, in the same order: numbers, or pairs of them.
    """
    remaining = list(anchors)
    levels: Levels = [[] for _ in like]
    for level in sorted(range(len(like)), key=lambda i: strides[i]):
        number = len(like[level])
        levels[level], remaining = remaining[:number], remaining[number:]
    return levels


def report(result: dict[str, Any], better: bool) -> None:
    """Print the two fits, the gain, and the lines to paste, or that none are needed."""
    from rich.console import Console
    from rich.table import Table

    before, after = result['before'], result['after']
    table = Table('anchors', 'mean best IoU', f'best IoU > {SHARE_IOU}',
                  title=f'{result["boxes"]} boxes that are not ignored')
    for name, figures, sign in (
            ("the config's", before, ''), ('fitted', after, ''),
            ('gain', [new - old for old, new in zip(before, after, strict=True)], '+')):
        table.add_row(name, *(f'{value:{sign}.3f}' for value in figures))
    Console().print(table)
    if not better:
        print("Keep the config's anchors: the fitted ones are no better.")
        return
    start = 'anchor_generator=dict(base_sizes=['
    print(start + (',\n' + ' ' * len(start)).join(map(str, result['base_sizes'])) + '])')


class _AtInputSize:
    """Boxes for upstream's optimizer that need no scaling: in an image of 1 x 1 for an input of
    1 x 1, its factors are 1."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes

    def __len__(self) -> int:
        return 1

    def get_data_info(self, index: int) -> dict[str, Any]:
        return dict(width=1, height=1, instances=[dict(bbox=[0, 0, *size]) for size in self.sizes])


def _ious(sizes: Sizes, anchors: Sequence[tuple[float, float]]) -> 'np.ndarray':
    import numpy as np
    import torch
    from mmdet.structures.bbox import bbox_cxcywh_to_xyxy, bbox_overlaps

    boxes = [bbox_cxcywh_to_xyxy(torch.from_numpy(np.pad(np.array(wh, float), ((0, 0), (2, 0)))))
             for wh in (sizes, anchors)]
    return bbox_overlaps(*boxes).numpy()


def _stop_mixing(dataset: Any) -> None:
    while dataset is not None:
        if hasattr(dataset, 'update_skip_type_keys'):
            dataset.update_skip_type_keys(['RandomAffine', *(
                type(transform).__name__ for transform in dataset.pipeline
                if hasattr(transform, 'get_indexes'))])
        dataset = getattr(dataset, 'dataset', None)


@cache
def _optimizer_class() -> type:
    import torch
    from mmdet.structures.bbox import bbox_overlaps

    class Optimizer(_upstream().YOLOKMeansAnchorOptimizer):
        """Upstream's, without empty clusters."""

        def kmeans_maximization(self, bboxes: torch.Tensor, assignments: torch.Tensor,
                                centers: torch.Tensor) -> torch.Tensor:
            centers = super().kmeans_maximization(bboxes, assignments, centers)
            for empty in range(len(centers)):
                if not centers[empty].any():
                    centers[empty] = bboxes[bbox_overlaps(bboxes, centers).max(1)[0].argmin()]
            return centers

        def kmeans_expectation(self, *args: torch.Tensor) -> tuple[bool, torch.Tensor]:
            converged, closest = super().kmeans_expectation(*args)
            return bool(converged) and len(closest.unique()) == self.num_anchors, closest

    return Optimizer


def _upstream() -> ModuleType:
    """mmdet's tool, a script of the installed package that no import name leads to."""
    import importlib.util

    import mmdet
    from mmengine.utils import ProgressBar

    path = Path(mmdet.__file__).parent / UPSTREAM
    if not path.is_file():
        raise FileNotFoundError(f'{path}: not found, expected a tool that the wheel of '
                                'onedl-mmdetection carries; install it from its wheel')
    spec = importlib.util.spec_from_file_location('mmdet_optimize_anchors', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # Its bar holds the terminal that it was imported with. This copy of the module is ours alone.
    module.ProgressBar = partial(ProgressBar, file=io.StringIO())
    return module


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
