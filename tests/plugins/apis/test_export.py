"""Exported models against PyTorch: 20 pictures each, for every architecture of the collection."""
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from torch.nn.modules.batchnorm import _BatchNorm

from plugins.apis.export import export_onnx
from plugins.apis.onnx_model import OnnxModel
from plugins.apis.predict import TrainedModel
from plugins.engine.session import load_config

CONFIGS = Path(__file__).resolve().parents[3] / 'configs'
IMAGENET = ('model.data_preprocessor.input_size=(64, 64)',
            'model.data_preprocessor.eval_geometry.0.size=(64, 64)')
CLASSIFIERS = {
    'basenet/basenet_scratch_1xb64-25e_cifar10-500-32px': (),
    'vgg/vgg16-fc2048_frozen_1xb64-25e_cifar10-64px': (),
    'resnet/resnet18_finetune_1xb64-25e_cifar10-224px': IMAGENET,
    'resnet/resnet50_frozen_1xb64-25e_cub200-224px': IMAGENET,
    'alexnet/alexnet_scratch_1xb128-30e_cifar10-224px': (),
    'inception_v3/inception_v3_scratch_1xb128-30e_cifar10-299px': (
        'model.data_preprocessor.input_size=(96, 96)',
        'model.data_preprocessor.eval_geometry.0.size=(96, 96)'),
    'densenet/densenet121_scratch_1xb128-30e_cifar10-224px': IMAGENET,
    'densenet/densenet121-cut3_finetune_1xb32-300e_mit8-256px': (
        'model.data_preprocessor.input_size=(64, 64)', 'test_dataloader.dataset.source.size=64'),
    'efficientnet_lite/efficientnet-lite0_frozen_1xb64-5e_flowers-224px': IMAGENET,
    'mobilenet_v2/mobilenetv2_frozen_1xb64-5e_flowers-96px': ()}
PIPELINE = 'test_dataloader.dataset.pipeline'
SMALL = f'{PIPELINE}.1.scale=(160, 64)', 'model.bbox_head.num_classes=3'
# Of random weights Darknet-53's scores are nearly equal, so what NMS drops is chance: nothing is.
EVERY_BOX = {'yolov3/yolov3_d53_coco_1xb6-200e_kitti-car-640x192': SMALL + tuple(
    f'model.test_cfg.{key}' for key in ('nms.iou_threshold=1.0', 'nms_pre=9999',
                                        'max_per_img=9999', 'conf_thr=0.0', 'score_thr=0.0'))}
DETECTORS = {
    'yolov3/yolov3_mobilenetv2_scratch_1xb4-30e_kitti-car-640x192': SMALL,
    **EVERY_BOX}


def untrained(name: str, options: tuple[str, ...] = ()) -> TrainedModel:
    """A model with random weights, whose features and outputs are in range."""
    cfg = load_config(str(CONFIGS / f'{name}.py'), list(options))
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
    for module in model.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight)
        if isinstance(module, _BatchNorm):
            module.momentum = 1.
    size = cfg.model.data_preprocessor.get('input_size', (64, 160))
    size = (size, size) if isinstance(size, int) else size
    model.train()
    for module in model.modules():
        module.train()  # also BatchNorm of frozen layers
    batch = np.stack(next(pictures([size]))).transpose(0, 3, 1, 2)
    with torch.no_grad():
        normal = model.data_preprocessor
        zero = normal.mean if name in EVERY_BOX else 128.  # scores that differ enough for NMS
        seen = model.extract_feat((torch.from_numpy(batch) - zero) / normal.std)
        head = getattr(model, 'head', None) or model.bbox_head
        if name in EVERY_BOX:  # sizes and scores that are not at their limits
            for layer, maps in zip(head.convs_pred, head(seen)[0], strict=True):
                layer.weight /= 8 * maps.std()
    return TrainedModel(model.eval(), cfg, tuple(f'class {k}' for k in range(head.num_classes)),
                        'classifier' if hasattr(model, 'head') else 'detector')


def pictures(sizes: list[tuple[int, int]]) -> Iterator[list[np.ndarray]]:
    """Batches of five smooth random pictures; noise alone would look the same after resizing."""
    rng = np.random.default_rng(1)
    for height, width in sizes:
        coarse = torch.from_numpy(rng.uniform(0, 255, (5, 3, 5, 7)))
        fine = torch.nn.functional.interpolate(coarse, (height, width), mode='bicubic')
        noisy = fine.permute(0, 2, 3, 1).numpy() + rng.normal(0, 9, (5, height, width, 3))
        yield list(noisy.clip(0, 255).astype(np.uint8))


@pytest.mark.slow
@pytest.mark.parametrize('name', CLASSIFIERS)
def test_every_classifier_says_what_pytorch_says(name, tmp_path):
    trained, seen = untrained(name, CLASSIFIERS[name]), []
    exported = export_onnx(trained, tmp_path / 'm.onnx')
    onnx.checker.check_model(str(tmp_path / 'm.onnx'), full_check=True)
    for batch in pictures([(64, 64), (37, 120), (375, 500), (131, 90)]):
        seen.append(trained(batch))
        assert exported(batch) == pytest.approx(seen[-1], abs=1e-4)
        assert exported(batch[:1]) == pytest.approx(seen[-1][:1], abs=1e-4)
    assert np.ptp(np.concatenate(seen), axis=0).max() > 1e-3  # pictures make a difference


@pytest.mark.slow
@pytest.mark.parametrize('name', DETECTORS)
def test_every_detector_says_what_pytorch_says(name, tmp_path):
    trained = untrained(name, DETECTORS[name])
    exported, labels = export_onnx(trained, tmp_path / 'm.onnx'), set()
    onnx.checker.check_model(str(tmp_path / 'm.onnx'), full_check=True)
    # KITTI's sizes, a larger and a smaller one, all of which fill the rectangle
    for batch in pictures([(375, 1242), (370, 1224), (750, 2484), (45, 151)]):
        for found, expected in zip(exported(batch), trained(batch), strict=True):
            assert len(found) == len(expected) > 10
            side = max(batch[0].shape)
            for ours in found:  # nearly equal scores have no order
                assert any(ours['class'] == theirs['class']
                           and ours['score'] == pytest.approx(theirs['score'], abs=1e-4)
                           and ours['box'] == pytest.approx(theirs['box'], abs=1e-4 * side)
                           for theirs in expected)
                labels.add(ours['class'])
    assert labels == set(trained.classes)


def test_what_the_graph_does_not_know_is_refused(tmp_path):
    trained = untrained('basenet/basenet_scratch_1xb64-25e_cifar10-500-32px')
    trained.config.test_dataloader.dataset = dict(type='Strange')
    with pytest.raises(ValueError, match='neither source nor pipeline'):
        export_onnx(trained, tmp_path / 'm.onnx')
    assert not any(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path):
    text, foreign = tmp_path / 'text.onnx', tmp_path / 'foreign.onnx'
    text.write_text('# a readme\n')
    with pytest.raises(ValueError, match='text.onnx: is not an ONNX file, or is damaged'):
        OnnxModel(text)
    value = onnx.helper.make_tensor_value_info('x', onnx.TensorProto.FLOAT, [1])
    node = onnx.helper.make_node('Identity', ['x'], ['y'])
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph(
        [node], 'g', [value], [onnx.helper.make_tensor_value_info(
            'y', onnx.TensorProto.FLOAT, [1])])), foreign)
    with pytest.raises(ValueError, match='foreign.onnx: names neither classes nor inputs, as a '):
        OnnxModel(foreign)
