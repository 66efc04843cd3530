"""What plugins/README.md says of mmpretrain's and mmdet's own ways in, row by row."""
import pickle
import re
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmcv import imread
from mmengine.evaluator import Evaluator

from plugins.apis.load import load_model
from plugins.engine.files import REPO_ROOT
from plugins.engine.images import read_image
from tests.plugins.apis.cases import CLASSIFIER, DETECTOR, roads_options
from tools.misc.upstream import main as upstream

README = (REPO_ROOT / 'plugins/README.md').read_text()
ROWS = dict(re.findall(r'^\| (.+?) \| (yes|no) \|', README.partition('<!-- upstream')[2], re.M))
pytestmark = pytest.mark.filterwarnings('ignore')  # upstream's, about its own code


@pytest.fixture(scope='module')
def digits(classifier, digits_root):
    """An untrained classifier of digits, and three files."""
    return SimpleNamespace(model=load_model(CLASSIFIER, classifier), checkpoint=str(classifier),
                           files=[*map(str, sorted(digits_root.glob('test/*/*.png'))[:3])])


@pytest.fixture(scope='module')
def cars(detector, roads):
    """An untrained detector of cars, and two files of the same size."""
    return SimpleNamespace(model=load_model(DETECTOR, detector), checkpoint=str(detector),
                           files=[*map(str, sorted(roads.rglob('*.png'))[:2])])


@pytest.fixture(scope='module')
def tested(detector, roads, tmp_path_factory):
    """Records and predictions of a test of the detector, and its options."""
    from tools.test import main
    root = tmp_path_factory.mktemp('tested')
    (root / 'voc.py').write_text(
        f"_base_ = {DETECTOR!r}\n"
        "test_evaluator = [dict(type='VOCMetric'), dict(type='CocoMetric', metric='bbox')]\n")
    options = roads_options(roads)
    result = main([str(root / 'voc.py'), str(detector), '--work-dir', str(root / 'test'), '--out',
                   str(root / 'preds.pkl'), '--cfg-options', *options,
                   'default_hooks.visualization.draw=True',
                   f'+default_hooks.visualization.test_out_dir={root / "drawn"}'])
    return SimpleNamespace(root=root, options=options, metrics=result['metrics'],
                           predictions=pickle.loads((root / 'preds.pkl').read_bytes()))


def perfect(tested, metric):
    """A metric's figures if every second image has all of its boxes found, the others none."""
    samples = []
    for number, sample in enumerate(tested.predictions):
        truth = sample['gt_instances']
        found = [index for index in range(len(truth['labels'])) if number % 2 == 0]
        samples.append(dict(sample, pred_instances=dict(
            bboxes=truth['bboxes'][found], labels=truth['labels'][found],
            scores=torch.ones(len(found)))))
    count = [len(sample['gt_instances']['labels']) for sample in samples]
    evaluator = Evaluator(metric)
    evaluator.dataset_meta = dict(classes=('car',))
    return evaluator.offline_evaluate(samples), sum(count[::2]) / sum(count)


def inferencer(digits):
    from mmpretrain import ImageClassificationInferencer
    ask = ImageClassificationInferencer(CLASSIFIER, digits.checkpoint, device='cpu')
    ours = digits.model.predict(digits.files, topk=1)
    for theirs, one in zip(ask(digits.files, batch_size=2), ours, strict=True):
        assert theirs['pred_class'] == one['class']
        assert theirs['pred_score'] == pytest.approx(one['score'], abs=1e-6)
    for file in digits.files:  # the pixels that the network is given
        packed, = ask.preprocess([file])
        stored = np.asarray(read_image(file)).transpose(2, 0, 1)
        assert (packed['inputs'][0].numpy() == stored).all()


def feature_extractor(digits):
    from mmpretrain import FeatureExtractor
    ask = FeatureExtractor(CLASSIFIER, digits.checkpoint, device='cpu')
    theirs = np.stack([one[0].numpy() for one in ask(digits.files, stage='neck')])
    assert theirs == pytest.approx(digits.model.features(digits.files), abs=1e-5)


def same_boxes(theirs, ours):
    """Compare mmdet's boxes and scores with ours of the same picture."""
    assert len(theirs['scores']) == len(ours['detections']) > 5
    for k, one in enumerate(ours['detections'][:5]):
        assert theirs['scores'][k] == pytest.approx(one['score'], abs=1e-5)
        assert list(theirs['bboxes'][k]) == pytest.approx(one['box'], abs=2e-3)


def det_inferencer(cars, tmp_path):
    from mmdet.apis import DetInferencer
    ask = DetInferencer(DETECTOR, cars.checkpoint, device='cpu', show_progress=False)
    theirs = ask(cars.files, batch_size=2, out_dir=str(tmp_path))['predictions']
    for one, ours in zip(theirs, cars.model.predict(cars.files, score_thr=0), strict=True):
        same_boxes(one, ours)
    assert len([*tmp_path.glob('vis/*.png')]) == 2


def inference_detector(cars):
    from mmdet.apis import inference_detector, init_detector
    model = init_detector(DETECTOR, cars.checkpoint, device='cpu')
    ours = cars.model.predict(cars.files[0], score_thr=0)
    for picture in (cars.files[0], imread(cars.files[0])):
        found = inference_detector(model, picture).pred_instances
        same_boxes(dict(scores=found.scores.tolist(), bboxes=found.bboxes.tolist()), ours)


def drawing_hook(tested):
    assert len([*(tested.root / 'drawn').glob('*.png')]) == len(tested.predictions) == 5


def coco_metric(tested):
    assert 0 <= tested.metrics['coco/bbox_mAP_50'] < 0.1  # no weights were learnt
    figures, share = perfect(tested, dict(type='mmdet.CocoMetric', metric='bbox'))
    recalls = np.floor(100 * share + 1e-9) + 1  # of 101 points, precision is 1 up to the recall
    assert figures['coco/bbox_mAP'] == pytest.approx(recalls / 101, abs=1e-3)


def voc_metric(tested):
    assert 0 <= tested.metrics['pascal_voc/AP50'] < 0.1
    figures, share = perfect(tested, dict(type='mmdet.VOCMetric'))
    assert figures['pascal_voc/mAP'] == pytest.approx((np.floor(10 * share + 1e-9) + 1) / 11)


def publish(package, checkpoint, config, tmp_path):
    file = tmp_path / 'in.pth'
    file.write_bytes(Path(checkpoint).read_bytes())
    upstream([package, 'model_converters/publish_model.py', str(file), str(tmp_path / 'out.pth')])
    deadline = time.monotonic() + 20
    while not [*tmp_path.glob('out*-*.pth')] and time.monotonic() < deadline:
        time.sleep(0.05)  # mmdet's does not wait for its mv
    published, = tmp_path.glob('out*-*.pth')
    state = load_model(config, published).model.state_dict()
    assert torch.equal(*(one[next(iter(state))] for one in (state, torch.load(file)['state_dict'])))
    assert 'message_hub' not in torch.load(published)


def publish_classifier(digits_run, tmp_path):
    publish('mmpretrain', next(digits_run.glob('epoch_*.pth')), CLASSIFIER, tmp_path)


def publish_detector(cars, tmp_path):
    publish('mmdet', cars.checkpoint, DETECTOR, tmp_path)


@pytest.fixture(scope='module')
def digits_predictions(digits_run, tmp_path_factory):
    """Every prediction of a test of the run."""
    from tools.test import main
    out = tmp_path_factory.mktemp('digits') / 'preds.pkl'
    main([str(digits_run), '--work-dir', str(out.parent / 'test'), '--out', str(out)])
    return out


def analyze_classifier(digits_predictions, digits_options, tmp_path):
    upstream(['mmpretrain', 'analysis_tools/analyze_results.py', CLASSIFIER,
              str(digits_predictions), '--out-dir', str(tmp_path), '--topk', '2',
              '--cfg-options', *digits_options[1:]])
    assert len([*tmp_path.glob('fail/*.png')]) == 2


def analyze_detector(tested, tmp_path):
    upstream(['mmdet', 'analysis_tools/analyze_results.py', DETECTOR,
              str(tested.root / 'preds.pkl'), str(tmp_path), '--topk', '1', '--cfg-options',
              *tested.options,
              'train_dataloader.dataset.pipeline.0.type=mmcv.transforms.LoadImageFromFile'])
    assert len([*tmp_path.glob('good/*.png')]) == len([*tmp_path.glob('bad/*.png')]) == 1


def confusion_detector(tested, tmp_path):
    upstream(['mmdet', 'analysis_tools/confusion_matrix.py', DETECTOR,
              str(tested.root / 'preds.pkl'), str(tmp_path), '--cfg-options', *tested.options])
    assert (tmp_path / 'confusion_matrix.png').is_file()


def k_fold(digits_options, tmp_path):
    upstream(['mmpretrain', 'kfold-cross-valid.py', CLASSIFIER, '--num-splits', '2', '--work-dir',
              str(tmp_path), '--no-persistent-workers', '--cfg-options', *digits_options[1:],
              'train_cfg.max_epochs=1', 'val_dataloader.dataset.pipeline=[]',
              'default_hooks.disjoint_parts.val_may_be_test=True'])
    trained = [torch.load(tmp_path / f'fold{k}/epoch_1.pth', weights_only=False)
               ['message_hub']['runtime_info']['trained_images'] for k in (0, 1)]
    one, other = ({part: {images[part]['root'] + name for name in images[part]['images']}
                   for part in ('train', 'val')} for images in trained)
    assert one['train'] == other['val'] and one['val'] == other['train'] and one['train']


def vis_cam(digits):
    upstream(['mmpretrain', 'visualization/vis_cam.py', digits.files[0], CLASSIFIER,
              digits.checkpoint])


CASES = {
    '`mmpretrain.ImageClassificationInferencer`': inferencer,
    '`mmpretrain.FeatureExtractor`': feature_extractor,
    '`mmdet.apis.DetInferencer`': det_inferencer,
    '`mmdet.apis.init_detector`, `inference_detector`': inference_detector,
    'mmdet `DetVisualizationHook`': drawing_hook,
    'mmdet `CocoMetric`': coco_metric,
    'mmdet `VOCMetric`': voc_metric,
    'mmpretrain `model_converters/publish_model.py`': publish_classifier,
    'mmdet `model_converters/publish_model.py`': publish_detector,
    'mmpretrain `analysis_tools/analyze_results.py`': analyze_classifier,
    'mmdet `analysis_tools/analyze_results.py`': analyze_detector,
    'mmdet `analysis_tools/confusion_matrix.py`': confusion_detector,
    'mmpretrain `kfold-cross-valid.py`': k_fold,
    'mmpretrain `visualization/vis_cam.py`': vis_cam}

SLOW = (analyze_detector, k_fold)


def test_each_row_of_the_readme_has_a_case():
    assert [*ROWS] == [*CASES]


@pytest.mark.parametrize('row', [
    pytest.param(row, marks=pytest.mark.slow if case in SLOW else ())
    for row, case in CASES.items()])
def test_upstreams_way_works_as_the_readme_says(row, request, tmp_path):
    wanted = CASES[row].__code__.co_varnames[:CASES[row].__code__.co_argcount]
    given = {name: request.getfixturevalue(name) for name in wanted}
    if ROWS[row] == 'yes':
        CASES[row](**given)
    else:
        with pytest.raises((ImportError, AssertionError)):
            CASES[row](**given)
