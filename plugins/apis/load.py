"""Load a trained model, ready for prediction."""
import copy
import logging
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import load_state_dict
from torch.nn.modules.utils import consume_prefix_in_state_dict_if_present

from plugins.engine.build_errors import naming
from plugins.engine.cfg_options import merge_typed
from plugins.engine.checkpoint import check_finite, misfit, read_checkpoint, trust_checkpoint
from plugins.engine.checks import class_names
from plugins.engine.config_keys import resolved_keys
from plugins.engine.experiment import EXPERIMENT, other_model
from plugins.engine.files import resolve_path
from plugins.engine.hooks.num_classes_hook import head_sizes
from plugins.engine.precision import laid_out
from plugins.engine.run_reader import model_parts
from plugins.engine.trained_images import TRAINED
from plugins.engine.unwrap import inner_datasets

from .predict import Model, TrainedModel

KINDS = {'mmpretrain': 'classifier', 'mmdet': 'detector'}


def load_model(model: str | Path, checkpoint: str | Path | None = None, device: str | None = None,
               options: Sequence[str] = (), trust: bool = False) -> Model:
    """Load a trained model.

    Args:
        model: A run's work dir, a file of publish_model.py (.pth, .safetensors) or of
            export_onnx.py (.onnx), the name of a model in the zoo, or a config file.
        checkpoint: The weights, if ``model`` is a config.
        device: See :func:`load_trained`, as for ``trust``.
        options: ``KEY=VALUE`` changes to the config, as for ``--cfg-options``.

    Raises:
        OSError: A file is missing, or the zoo cannot be reached.
        ValueError: No such model is known, or see :func:`load_trained` and ``read_published``.
    """
    from plugins.engine.session import load_config

    config, file, options = model_parts(model, checkpoint, options, trust)
    if config.suffix == '.onnx':
        from .onnx_model import OnnxModel
        if device:
            raise ValueError(f'{config}: takes no device, onnxruntime runs it on the CPU')
        return OnnxModel(config)
    if config == file:
        from .published import read_published
        cfg, card, content = read_published(file)
        merge_typed(cfg, options)
        return replace(load_trained(cfg, file, device, content=content), published=card)
    trained = load_trained(load_config(str(config), options), file, device, trust)
    return replace(trained, run=run) if (run := resolve_path(model)).is_dir() else trained


def load_trained(cfg: Config, checkpoint: str | Path, device: str | None = None,
                 trust: bool = False, content: dict[str, Any] | None = None) -> TrainedModel:
    """Build a config's model and load a checkpoint as tools/test.py does, without a Runner.

    The loaders of mmdet and mmpretrain accept another model's checkpoint with a warning, and
    continue with random weights; a Runner would create a work dir and read the data. Differences
    that no tensor shows, such as other anchors, cause a warning.

    Args:
        cfg: See ``plugins.engine.session.load_config``.
        checkpoint: A local file; its code, if any, runs only with ``trust``, see
            ``plugins.engine.checkpoint.read_checkpoint``.
        device: For example ``cuda:1``; None for the one that tools/test.py uses.
        trust: Load the checkpoint although it may run code.
        content: That of the file, if it was read before.

    Raises:
        OSError: There is no such file.
        ValueError: The checkpoint cannot be read, does not fit the model or has values that are not
            finite; there is no such device; the config is of neither kind; class names are unknown.
    """
    kind = kind_of(cfg)
    target = find_device(device)
    if trust:
        trust_checkpoint(checkpoint)
    with DefaultScope.overwrite_default_scope(cfg.default_scope), naming(cfg, 'model'):
        logging.disable(logging.INFO)  # mmpretrain lists the stages of timm's backbones
        try:
            model = MODELS.build(copy.deepcopy(cfg.model))  # mmdet writes into it
        finally:
            logging.disable(logging.NOTSET)
    model = laid_out(model, cfg.get('channels_last'))
    loaded = content or read_checkpoint(checkpoint)
    state = loaded.get('state_dict', loaded)
    consume_prefix_in_state_dict_if_present(state, 'module.')  # of DistributedDataParallel
    try:
        load_state_dict(model, state, strict=True)
    except RuntimeError as error:
        name = loaded.get('meta', {}).get('experiment_name')
        raise ValueError(f'checkpoint {checkpoint} does not fit the {kind} of {cfg.filename}; it '
                         f'was saved by {name or "a program that left no name in it"}. '
                         f'{misfit(error)}') from error
    check_finite(model.state_dict(), checkpoint)
    info = loaded.get('message_hub', {}).get('runtime_info', {})
    if told := other_model(info.get(EXPERIMENT), resolved_keys(cfg)):
        print(f'Warning: checkpoint {checkpoint} fits, but was trained with another model than '
              f'{cfg.filename} describes: {told}. Its predictions may be wrong.', file=sys.stderr)
    classes = _class_names(loaded, cfg, checkpoint)
    for number in head_sizes(model).values():
        if number != len(classes):
            raise ValueError(f'checkpoint {checkpoint}: its model has {number} classes, but found '
                             f'the {len(classes)} names {", ".join(classes)}')
    return TrainedModel(model.to(target).eval(), cfg, classes, kind, images=info.get(TRAINED, {}))


def kind_of(cfg: Config, expected: str | None = None) -> str:
    """Return the kind of a config's model, ``classifier`` or ``detector``.

    Raises:
        ValueError: The config's ``default_scope`` is of neither, or not of the ``expected`` kind.
    """
    scope = cfg.get('default_scope')
    if scope not in KINDS:
        raise ValueError(f'config {cfg.filename}: default_scope is {scope!r}, expected '
                         + ' or '.join(f'{name!r} (a {kind})' for name, kind in KINDS.items()))
    if expected not in (None, KINDS[scope]):
        raise ValueError(f'config {cfg.filename}: describes a {KINDS[scope]}, expected a '
                         f'{expected}')
    return KINDS[scope]


def find_device(name: str | None) -> torch.device:
    """Return the device of this name (None: the one that a Runner uses) after trying it.

    Raises:
        ValueError: This machine cannot compute on such a device.
    """
    name = name or get_device()
    try:
        found = torch.zeros(1, device=name)
        found.cpu()  # rejects 'meta', whose tensors have no data
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        gpus = [f'cuda:{index}' for index in range(torch.cuda.device_count())]
        gpus += ['mps'] if torch.backends.mps.is_available() else []
        raise ValueError(f'device {name!r}: cannot compute here; expected one of this machine: '
                         f'{", ".join(["cpu", *gpus])}') from error
    return found.device


def evaluated_data(cfg: Config, *keys: str) -> Mapping[str, Any]:
    """The config of the test data set, inside any wrappers, that has one of the keys; else {}."""
    loader = cfg.get('test_dataloader') or cfg.get('train_dataloader') or {}
    dataset = loader.get('dataset') or {}
    while dataset and not any(key in dataset for key in keys):
        dataset = dataset.get('dataset') or next(iter(dataset.get('datasets') or ()), {})
    return dataset


def _class_names(loaded: dict[str, Any], cfg: Config, checkpoint: str | Path) -> tuple[str, ...]:
    """Class names of the checkpoint or, if it has none (converted weights), of the data set."""
    names = loaded.get('meta', {}).get('dataset_meta', {}).get('classes')
    if names:
        return class_names(f'checkpoint {checkpoint}', names)
    try:
        with DefaultScope.overwrite_default_scope(cfg.default_scope):
            return tuple(inner_datasets(cfg.test_dataloader.dataset)[0].metainfo['classes'])
    except (AttributeError, KeyError, OSError, ValueError) as error:
        raise ValueError(f'checkpoint {checkpoint}: names no classes, and those of the data of '
                         f'{cfg.filename} cannot be read: {error}') from error
