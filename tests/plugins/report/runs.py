"""Run folders made up for the tests of the report; nothing here is a test."""
import json
from pathlib import Path
from typing import Any

from PIL import Image

CONFIG = 'configs/mobilenet_v2/mobilenetv2_frozen_1xb64-5e_mit8-96px.py'


def write_run(folder: Path, config: str = CONFIG, seed: int = 0, epochs: int = 3,
              accuracy: float = 80., tested: dict[str, Any] | None = None,
              classes: tuple[str, ...] = ('cat', 'dog'), **record: Any) -> Path:
    """Write the records of a classifier's run; ``tested=None`` gives a made-up test, {} gives none.

    The test's accuracy is one below the validation's.
    """
    history = [dict(epoch=k, iter=10 * k, seconds=2. * k, train=dict(loss=1 / k, lr=0.1 / k),
                    metrics={'accuracy/top1': accuracy - epochs + k, 'loss': 2 / k})
               for k in range(1, epochs + 1)]
    trained = dict(mode='train', config=config, seed=seed, metrics=history[-1]['metrics'],
                   monitor='accuracy/top1', best_epoch=epochs, epochs=epochs, seconds=60. + seed,
                   checkpoint='best.pth', history=history, config_hash='abc', device='a CPU',
                   torch_version='2.11.0', git_commit='c0ffee', options=[], processes=1,
                   precision='float32', parameters=dict(total=1234567, trainable=89),
                   data_fingerprint=dict(train='f', val='f')) | record
    folder.mkdir(parents=True)
    (folder / 'result.json').write_text(json.dumps(trained))
    if tested is None:
        tested = classifier_test(classes, accuracy)
    if tested:
        (folder / 'test').mkdir()
        same = {key: trained[key] for key in ('config', 'checkpoint', 'config_hash', 'options')}
        (folder / 'test/result.json').write_text(json.dumps(dict(mode='test', split='test', **same,
                                                                 **tested)))
    return folder


def write_folds(folder: Path, accuracy: float = 85., **record: Any) -> Path:
    """Write the record of a cross-validation."""
    folder.mkdir(parents=True)
    key = 'accuracy/top1'
    (folder / 'kfold.json').write_text(json.dumps(dict(
        mode='kfold', config='configs/folds.py', folds=5, repeats=2, images=60, seconds=99.,
        metrics={key: accuracy}, intervals={key: [accuracy - 9.5, accuracy + 8.2]},
        parameters=dict(total=9, trainable=1), worst=[dict(
            image='cat/1.jpg', true='cat', predicted='dog', probability='0.97')]) | record))
    return folder


def classifier_test(classes: tuple[str, ...], accuracy: float = 80.) -> dict[str, Any]:
    """What a classifier's test adds to its record."""
    figures = dict(images=8, accuracy=87.5, precision=77.8, recall=87.5, f1=82.4)
    return dict(metrics={'accuracy/top1': accuracy - 1, 'accuracy/mean_class': accuracy - 2},
                data_fingerprint=dict(test='t'), confusion_matrix=[[7, 1], [2, 10]],
                classes=dict.fromkeys(classes, figures))


def detector_test() -> dict[str, Any]:
    """What a detector's test adds to its record."""
    return dict(metrics={'coco/bbox_mAP_50': 0.5}, data_fingerprint=dict(test='k'), pr_curves=dict(
        car=dict(score=[0.9, 0.5, 0.2], precision=[1., 1., 0.75], recall=[0.25, 0.5, 0.75],
                 f1=[0.4, 2 / 3, 0.75])))


def write_examples(run: Path, kind: str, /, *examples: dict[str, Any], **record: Any) -> Path:
    """Write examples of a run's test, each with a picture of 8 x 8 pixels; return their folder."""
    folder = run / 'test/examples'
    folder.mkdir(parents=True)
    for place, one in enumerate(examples):
        one.setdefault('file', f'{place}.png')
        Image.new('RGB', (8, 8), (place, 0, 0)).save(folder / f'{place}.png')
    (folder / 'examples.json').write_text(json.dumps(dict(
        kind=kind, checkpoint='best.pth', config_hash='abc', examples=examples) | record))
    return folder


def mistake(name: str = 'a.png', **about: Any) -> dict[str, Any]:
    """A mistake as examples.json holds it."""
    return dict(name=name, truth='cat', predicted='dog', confidence=0.914) | about
