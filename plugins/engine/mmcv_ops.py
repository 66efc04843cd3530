"""Replace mmcv's compiled operators if they were not built.

``pip install onedl-mmcv`` builds from source, and if the build does not find torch (pip isolates
builds) it silently leaves out ``mmcv._ext``, without which mmdet cannot be imported. YOLOv3 needs
one of its operators, NMS, which torchvision provides for CPU and CUDA.
"""
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:  # importing torch here would slow down reading a config
    from torch import Tensor

EXT_NAME = 'mmcv._ext'


def nms(boxes: 'Tensor', scores: 'Tensor', iou_threshold: float, offset: int) -> 'Tensor':
    """Greedy non-maximum suppression, with the signature of mmcv's operator.

    Args:
        boxes: (N, 4) corners x1, y1, x2, y2 in pixels.
        scores: (N,).
        iou_threshold: A box goes when its IoU with a better kept box is higher.
        offset: 0, or 1 where a box from pixel 3 to pixel 3 is one pixel wide.

    Returns:
        int64 indices of the kept boxes, best score first.
    """
    from torchvision.ops import nms as torchvision_nms

    # torchvision's CPU kernel takes no half or bfloat16, which autocast may give
    boxes, scores = boxes.float(), scores.float()
    if offset:
        boxes = boxes + boxes.new_tensor([0, 0, offset, offset])
    return torchvision_nms(boxes, scores, iou_threshold)


def _missing_op(name: str, *args: object, **kwargs: object) -> NoReturn:
    raise RuntimeError(
        f"the operator '{name}' is part of mmcv's compiled operators, and this mmcv was installed "
        'without them. Use a model that does not need it, or build them: pip install '
        '--no-build-isolation --no-cache-dir --force-reinstall --no-deps onedl-mmcv (needs a C++ '
        'compiler)')


class _FallbackOps(ModuleType):
    """Has every operator that mmcv looks up; only nms works when called."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        if name.startswith('__'):  # inspect and pickle probe modules for such names
            raise AttributeError(f'module {self.__name__!r} has no attribute {name!r}')
        return partial(_missing_op, name)


def has_compiled_ops() -> bool:
    """Whether mmcv's compiled operators are installed, without importing mmcv."""
    spec = importlib.util.find_spec('mmcv')
    folders = spec and spec.submodule_search_locations or ()
    return any(path.suffix in ('.so', '.pyd')
               for folder in folders for path in Path(folder).glob('_ext*'))


def install_missing_ops() -> None:
    """Put the fallback into ``sys.modules`` if needed; call it before importing ``mmcv.ops``."""
    if EXT_NAME in sys.modules or has_compiled_ops():
        return
    module = _FallbackOps(EXT_NAME, __doc__)
    # importlib.util.find_spec, by which mmengine and mmcv look for the operators,
    # fails on a loaded module without a spec
    module.__spec__ = ModuleSpec(EXT_NAME, loader=None, origin=__file__)
    module.nms = nms
    sys.modules[EXT_NAME] = module
