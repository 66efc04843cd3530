"""Export trained models to ONNX, with all that happens between a picture and its prediction."""
import json
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmengine.config import ConfigDict
from mmengine.model import ImgDataPreprocessor
from torch import Tensor, nn

from plugins.engine.files import replacing

from .complexity import config_size, input_rule
from .load import evaluated_data
from .onnx_model import FORMAT, OnnxModel
from .predict import TrainedModel


def export_onnx(trained: TrainedModel, path: Path) -> OnnxModel:
    """Write a model on the CPU as one ONNX file, compare it with PyTorch on noise, and load it.

    The graph's input ``pictures`` is uint8, N x H x W x 3, RGB, for any N, H and W; outputs: see
    :class:`ExportedClassifier` and :class:`ExportedDetector`.

    Raises:
        ValueError: The test data's pipeline is not known, or the model or its pipeline does
            something that the graph does not, so that results differ.
        OSError: The file cannot be written.
    """
    expected = trained.inference
    facts = dict(kind=trained.kind, classes=trained.classes, input=input_rule(trained.config),
                 config=Path(trained.config.filename).stem,
                 test_cfg=trained.config.model.get('test_cfg'))
    module = (ExportedDetector if trained.kind == 'detector' else ExportedClassifier)(trained)
    shape = [2, *(side * 3 // 2 for side in module.size), 3]
    pictures = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    logging.getLogger('onnx_ir').setLevel(logging.ERROR)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter('ignore')  # torch's, about its own code
        program = torch.onnx.export(
            module.eval(), (torch.from_numpy(pictures),), dynamo=True, verbose=False,
            input_names=['pictures'], output_names=module.outputs,
            dynamic_shapes=[dict(enumerate(map(torch.export.Dim, 'NHW')))])
    program.model.metadata_props[FORMAT] = json.dumps(facts)
    with replacing(path) as partial:
        program.save(str(partial))
        found, wanted = (_rows(ask(pictures), max(shape)) for ask in (OnnxModel(partial), expected))
        if not all(len(ours) == len(theirs) and _alike(ours, theirs)
                   for ours, theirs in zip(found, wanted, strict=True)):
            raise ValueError(f'config {trained.config.filename}: the ONNX graph does not say of '
                             'two pictures of noise what PyTorch says; the graph knows only the '
                             'pipelines and heads of this collection')
    return OnnxModel(path)


def _rows(answer: Sequence, side: int) -> list[np.ndarray]:
    """For each picture its scores, or a row for each detection, with pixels as shares of a side."""
    return [np.array([[one['score'], *(pixel / side for pixel in one['box'])] for one in picture]
                     ).reshape(-1, 5) if isinstance(picture, list) else picture[None]
            for picture in answer]


def _alike(ours: np.ndarray, theirs: np.ndarray) -> bool:
    """Whether each row has an equal one: detections of (nearly) equal scores have no order."""
    near = np.isclose(ours[:, None], theirs, rtol=0, atol=1e-4).all(-1)
    return bool(near.any(0).all() and near.any(1).all())


class ExportedClassifier(nn.Module):
    """Pictures to ``scores`` (N x classes), probabilities, as ``Classify`` computes them.

    Pictures are resized to the stored size as Pillow does it, bit for bit.
    """

    outputs = ('scores',)

    def __init__(self, trained: TrainedModel) -> None:
        super().__init__()
        from plugins.classification.datasets import build_source

        source = build_source(evaluated_data(trained.config, 'source').source)
        self.model, self.size, self.stretch = trained.model, source.size, source.resize == 'stretch'

    def forward(self, pictures: Tensor) -> Tensor:
        height, width = (torch.full((), side, dtype=torch.float64) for side in pictures.shape[1:3])
        ratio = self.size[1] / self.size[0]
        seen = (height, width) if self.stretch else (
            torch.minimum(height, width / ratio), torch.minimum(width, height * ratio))
        rows, columns = (_pillow_weights(*sides) for sides in zip(
            pictures.shape[1:3], seen, self.size, (0, 1), strict=True))
        images = (pictures.permute(0, 3, 1, 2).double() @ columns + 0.5).floor()
        images = (rows @ images + 0.5).floor().float()
        inputs = self.model.data_preprocessor(dict(inputs=images))['inputs']
        return self.model(inputs, mode='tensor').softmax(1)


def _pillow_weights(length: int, seen: Tensor, size: int, axis: int) -> Tensor:
    """Pillow's antialiased bilinear weights of the central part of a side.

    As multiples of 2^-22, they give exact sums of bytes in float64; Pillow's box is float32.

    Returns:
        (size, length) for axis 0, the transpose for axis 1: onnxruntime 1.23 cannot transpose a
        float64 factor.
    """
    start = (length - seen) * 0.5
    scale = ((start + seen).float() - start.float()).double() / size
    centres = start.float().double() + (torch.arange(size).double() + 0.5) * scale
    places = torch.arange(length).double() + 0.5
    distances = (places.unsqueeze(axis) - centres.unsqueeze(1 - axis)).abs()
    weights = (1 - distances / scale.clamp(min=1)).clamp(min=0)
    return (weights / weights.sum(1 - axis, keepdim=True) * 2 ** 22 + 0.5).floor() / 2 ** 22


class ExportedDetector(nn.Module):
    """Pictures to detections, the most confident first, K = ``test_cfg.max_per_img``.

    ``boxes`` (N x K x 4): x1, y1, x2, y2 in pixels of the picture; ``scores``, ``labels`` (N x K):
    0 and -1 past the last box. Pictures are resized as OpenCV does it, bit for bit, and padded to
    one rectangle. PyTorch pads a picture of another shape less, and shows an upright one larger
    than a lying rectangle: its boxes differ.
    """

    outputs = ('boxes', 'scores', 'labels')

    def __init__(self, trained: TrainedModel) -> None:
        super().__init__()
        self.model, self.size = trained.model, config_size(trained.config)
        steps = {step['type']: step for step in evaluated_data(trained.config, 'pipeline').pipeline}
        self.scale, self.pad_first = steps['Resize']['scale'], 'Pad' in steps

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        height, width = (torch.full((), side, dtype=torch.float64) for side in pictures.shape[1:3])
        scale = torch.minimum(self.scale[0] / width, self.scale[1] / height)
        new = [(side * scale + 0.5).floor() for side in (height, width)]
        rows, columns = map(_opencv_taps, (height, width), new, self.size)
        inside = ((torch.arange(self.size[0]) < new[0])[:, None]
                  & (torch.arange(self.size[1]) < new[1]))
        images = pictures.permute(0, 3, 1, 2).double()
        images = (sum(images[..., place] * weight for place, weight in columns) / 2 ** 4).floor()
        images = sum((images[:, :, place] * weight[:, None] / 2 ** 16).floor()
                     for place, weight in rows)
        images = ((images + 2) / 4).floor() * inside
        inputs = ImgDataPreprocessor.forward(  # mmdet's own loops over the batch
            self.model.data_preprocessor, dict(inputs=images.flip(1)))['inputs']
        maps = self.model(inputs if self.pad_first else inputs * inside, mode='tensor')[0]
        head = self.model.bbox_head
        boxes, objectness, classes = head.decode(maps)
        boxes = torch.minimum(boxes.clamp(min=0), torch.stack([*new[::-1]] * 2).float())
        boxes = boxes / torch.stack([new[1] / width, new[0] / height] * 2).float()
        return _selected(boxes, objectness, classes, head.test_cfg)


def _opencv_taps(old: Tensor, new: Tensor, size: int) -> list[tuple[Tensor, Tensor]]:
    """The two places and weights (times 2^11) of OpenCV's bilinear resizing of a side of bytes."""
    at = ((torch.arange(size).double() + 0.5) * (1 / (new / old)) - 0.5).float()
    share, last = at - at.floor(), old.long() - 1
    return [(torch.minimum((at.floor() + tap).long().clamp(min=0), last),
             (weight * 2 ** 11).round().double()) for tap, weight in enumerate((1 - share, share))]


def _selected(boxes: Tensor, objectness: Tensor, classes: Tensor, cfg: ConfigDict
              ) -> tuple[Tensor, Tensor, Tensor]:
    """mmdet's thresholds, NMS and limits for a whole batch: boxes, scores and labels."""
    number = classes.shape[-1]
    wanted = (objectness[..., None] >= cfg.conf_thr) & (classes > cfg.score_thr)
    ranked = torch.where(wanted, classes, 0.).flatten(1)
    scores, places = ranked.topk(min(cfg.nms_pre, ranked.shape[1]))
    labels, anchors = places % number, places // number
    boxes = boxes.gather(1, anchors[..., None].expand(-1, -1, 4))
    large = (boxes[..., 2:] - boxes[..., :2] > cfg.min_bbox_size).all(-1)
    scores = scores * objectness.gather(1, anchors) * large
    of_class = scores[:, None] * (labels[:, None] == torch.arange(number)[:, None])
    rows = wanted.sum().item()  # stands for the number of chosen boxes, which is not known
    chosen = torch.onnx.ops.symbolic(
        'NonMaxSuppression', (boxes, of_class, torch.tensor([scores.shape[1]]),
                              torch.tensor([cfg.nms.iou_threshold]), torch.tensor([0.])),
        dict(center_point_box=0), dtype=torch.int64, shape=(rows, 3))
    kept = torch.zeros_like(scores).index_put((chosen[:, 0], chosen[:, 2]), torch.ones(()))
    scores, order = (scores * kept).topk(min(cfg.max_per_img, scores.shape[1]))
    boxes = boxes.gather(1, order[..., None].expand(-1, -1, 4)) * (scores > 0)[..., None]
    return boxes, scores, torch.where(scores > 0, labels.gather(1, order), -1)
