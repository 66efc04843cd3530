"""Publish a trained model: one file of weights, config and facts, its model card and its entry."""
import ast
import hashlib
import io
import json
import re
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from safetensors.torch import save
from torch import nn

from plugins.engine.checkpoint import METADATA, SAFETENSORS
from plugins.engine.files import REPO_ROOT, replacing_folder, shown_path, write_text
from plugins.engine.metric_names import METRICS, shown
from plugins.engine.run_reader import Run
from plugins.engine.trained_images import TRAINED, trained_on
from plugins.engine.zoo import DIGEST, INDEX, read_entries

from .complexity import config_size, count, input_rule
from .predict import TrainedModel
from .published import FORMAT, config_text

NAME = re.compile(r'[A-Za-z0-9][\w+-]{0,150}', re.ASCII)  # of a model, also in URLs
_TASKS = {'classifier': 'Image Classification', 'detector': 'Object Detection'}
_VERSIONS = ('torch', 'torchvision', 'onedl-mmengine', 'onedl-mmcv', 'onedl-mmpretrain',
             'onedl-mmdetection')
_TRAINING = ('best_epoch', 'epochs', 'seed', 'seconds', 'device', 'processes', 'precision',
             'git_commit', 'config_hash', 'data_fingerprint')


def facts(trained: TrainedModel, run: Run | None, licence: str = '') -> dict[str, Any]:
    """What a model card says: the network, its classes and inputs, its training and its test.

    Args:
        trained: On the CPU.
        run: The run that it comes from, if there is one; its test counts if it is of these weights.
        licence: That of the data, in words.
    """
    config, record = Path(trained.config.filename), run.trained if run else {}
    tested = run.tested if run else None
    text = config.read_text('utf-8') if config.suffix == '.py' else ''
    known = dict(
        name=config.stem, kind=trained.kind,
        config=shown_path(config) if config.is_relative_to(REPO_ROOT) else config.name,
        title=(ast.get_docstring(ast.parse(text)) or '').partition('\n')[0],
        classes=list(trained.classes), input=input_rule(trained.config),
        data=config.stem.split('_')[-1], licence=licence, published=date.today().isoformat(),
        versions={name: version(name) for name in _VERSIONS},
        parameters=sum(one.numel() for one in trained.model.parameters()),
        depth=sum(isinstance(one, nn.Conv2d | nn.Linear) for one in trained.model.modules()),
        training={key: record[key] for key in _TRAINING if record.get(key) is not None},
        test=tested and dict(
            metrics=tested['metrics'], intervals=tested.get('intervals') or {},
            folds=tested.get('folds'), images=tested.get('images') or sum(
                one['images'] for one in (tested.get('classes') or {}).values()) or None,
            fingerprint=(tested.get('data_fingerprint') or {}).get('test')))
    try:
        known['input_size'] = list(config_size(trained.config))
        known['flops'] = count(trained.model, config_size(trained.config))['flops']
    except ValueError:  # its config names no size of the input
        known['input_size'] = known['flops'] = None
    trained.model.eval()
    return known


def publish(trained: TrainedModel, card: dict[str, Any], folder: Path, safetensors: bool = False
            ) -> Path:
    """Write ``{name}_{yyyymmdd}-{first 8 of SHA-256}/`` into a zoo, and list it in the zoo's index.

    In it are a file of that name, with tensors and plain values alone, and README.md. The contents
    of the images trained on are kept without names, so that a test on them is still warned of.

    Args:
        trained: The model.
        card: See :func:`facts`.
        folder: The zoo.
        safetensors: Write the same in this format, too.

    Returns:
        The new folder.

    Raises:
        OSError: It exists, or cannot be written.
        ValueError: The zoo has a model of this name, or the config cannot be published.
    """
    if not NAME.fullmatch(card['name']):
        raise ValueError(f'--name: {card["name"]!r} is no name, expected up to 150 letters a-z, '
                         'digits, _, + and -')
    index = folder / INDEX
    text = index.read_bytes() if index.is_file() else b''
    entries = read_entries(text, str(index))
    if any(entry['Name'] == card['name'] for entry in entries):
        raise ValueError(f'{index}: lists a model {card["name"]} already; give another --name, or '
                         'another --out-dir')
    state = {name: value.cpu().clone(memory_format=torch.contiguous_format)
             for name, value in trained.model.state_dict().items()}
    meta = dict(experiment_name=card['name'], dataset_meta=dict(classes=card['classes']),
                published=dict(format=FORMAT, config=config_text(trained.config), card=card))
    digests = sorted({digest for digest in trained_on(trained.images).values() if digest})
    hub = dict(runtime_info={TRAINED: dict(train=dict(root='', images={
        f'published image {place}': digest for place, digest in enumerate(digests)}))})
    rest = dict(meta=meta, message_hub=hub)
    buffer = io.BytesIO()
    torch.save(dict(state_dict=state, **rest), buffer)
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    stem = f'{card["name"]}_{date.today():%Y%m%d}-{digest[:8]}'
    entries.append(_entry(card, f'{stem}/{stem}.pth', digest))
    with replacing_folder(folder / stem) as made:
        (made / f'{stem}.pth').write_bytes(buffer.getvalue())
        if safetensors:
            content = save(state, {METADATA: json.dumps(rest)})
            own = hashlib.sha256(content).hexdigest()[:8]
            (made / f'{stem[:-8]}{own}{SAFETENSORS}').write_bytes(content)
        templates = Environment(loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True,
                                lstrip_blocks=True, undefined=StrictUndefined)
        write_text(made / 'README.md', templates.get_template('model_card.md.j2').render(
            card, file=f'{stem}.pth', megabytes=len(buffer.getvalue()) / 1e6, digest=digest,
            names={one.key: one.name for one in METRICS}, shown=shown, safetensors=safetensors))
    content = {**(yaml.safe_load(text) or {}), 'Models': entries}
    write_text(index, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return folder / stem


def _entry(card: dict[str, Any], weights: str, digest: str) -> dict[str, Any]:
    """What a metafile says about a model."""
    measured = (card['test'] or {}).get('metrics', {})
    return dict(
        Name=card['name'], Config=card['config'], Weights=weights,
        Metadata={'Parameters': card['parameters'], 'FLOPs': card['flops'], DIGEST: digest},
        Results=[dict(Task=_TASKS[card['kind']], Dataset=card['data'], Metrics={
            one.name: round(measured[one.key], 4) for one in METRICS if one.key in measured})])
