"""Count a network's parameters, operations and activations."""
import math
from typing import Any

import torch
from mmengine.analysis import ActivationAnalyzer, FlopAnalyzer, parameter_count
from mmengine.config import Config
from torch import nn

from .load import evaluated_data, kind_of

COLUMNS = ('parameters', 'trainable', 'flops', 'activations')


def config_size(cfg: Config) -> tuple[int, int]:
    """Find the (height, width) of the network's input in evaluation.

    For a classifier it is ``model.data_preprocessor.input_size``; for a detector, the scale of
    Resize in the test pipeline, rounded up to a multiple of ``pad_size_divisor`` (a single image
    whose aspect ratio is kept may be smaller).

    Raises:
        ValueError: The config has no such size.
    """
    preprocessor = cfg.model.get('data_preprocessor') or {}
    size = preprocessor.get('input_size')
    if kind_of(cfg) == 'detector':
        steps = evaluated_data(cfg, 'pipeline').get('pipeline') or ()
        scale = next((step.get('scale') for step in steps if step['type'] == 'Resize'), None)
        divisor = preprocessor.get('pad_size_divisor', 1)
        size = scale and [math.ceil(side / divisor) * divisor for side in scale[::-1]]
    if not size:
        raise ValueError(f'config {cfg.filename}: names no size of the input (a classifier: '
                         'model.data_preprocessor.input_size, a detector: Resize in the tested '
                         'pipeline); give --input-size H W')
    return (size, size) if isinstance(size, int) else tuple(size)


def input_rule(cfg: Config) -> str:
    """How a picture becomes the network's input, in words.

    Raises:
        ValueError: The test data have neither a source nor a pipeline that resizes.
    """
    if kind_of(cfg) == 'detector':
        return f'any size; resized into {config_size(cfg)} (height, width), padded right and below'
    if not (data := evaluated_data(cfg, 'source')):
        raise ValueError(f'config {cfg.filename}: test_dataloader.dataset has a pipeline of its '
                         'own, expected a source, whose pictures become inputs in a known way')
    from plugins.classification.datasets import build_source
    source = build_source(data.source)
    return f'any size; resized to {source.size} (height, width; {source.resize})'


def count(model: nn.Module, size: tuple[int, int]) -> dict[str, Any]:
    """Count for one image with mmengine.analysis, and add trainable parameters, which that lacks.

    Args:
        model: A classifier or detector of OpenMMLab; parameters count as trainable if they are
            when training begins.
        size: Height and width of the image.

    Returns:
        ``input_size`` (H, W); ``layers``: ``parameters``, ``trainable``, ``flops`` and
        ``activations`` of each module including its submodules; the same four for the whole model;
        ``by_operator``: FLOPs per operator; ``unused``: modules with parameters that the forward
        pass never calls; ``uncounted``: operators without a FLOP count, with how often each is
        called.

    Raises:
        ValueError: The network cannot process an image of this size.
    """
    model.train()  # some backbones freeze their stages only now
    parameters = parameter_count(model)
    trainable = {name: sum(value.numel() for value in part.parameters() if value.requires_grad)
                 for name, part in model.named_modules()}
    model.eval()
    inputs = (torch.zeros(1, 3, *size),)
    flops, activations = (
        kind(model, inputs).unsupported_ops_warnings(False).tracer_warnings('none')
        .uncalled_modules_warnings(False) for kind in (FlopAnalyzer, ActivationAnalyzer))
    try:
        counted = [flops.by_module(), activations.by_module()]
    except (RuntimeError, ValueError) as error:
        raise ValueError(f'the network does not take an image of {size[0]} x {size[1]} pixels '
                         f'(height, width): {str(error).splitlines()[0]}; give another '
                         '--input-size') from error
    figures = {name: dict(zip(COLUMNS, (parameters[name], trainable[name], *(
        int(numbers[name]) for numbers in counted)), strict=True)) for name in trainable}
    return dict(
        input_size=size, **figures.pop(''),
        by_operator={name: int(number) for name, number in flops.by_operator().items()},
        uncounted=dict(flops.unsupported_ops()),
        unused=[name for name in sorted(flops.uncalled_modules()) if parameters[name]],
        layers={name: one for name, one in figures.items() if any(one.values())})
