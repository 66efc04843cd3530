"""The convolutions of YOLOv3: mmdet's names, in the order of Darknet's .weights files.

A .weights file has no names: it holds the cfg's layers from top to bottom, so their order is all.
The cfg finishes a scale (five convolutions of the neck, two of the head) before it begins the next;
mmdet's modules come part by part, first the backbone, then the whole neck, then the whole head.

What else might differ, and does not: both stack the upsampled map before the backbone's (cfg:
``layers = -1, 61``), store kernels as outputs x inputs x height x width, begin with the coarsest
scale and its largest anchors, and give each anchor x, y, w, h, objectness and then its classes.

Sources: cfg/yolov3.cfg and src/parser.c of github.com/pjreddie/darknet; mmdet's Darknet,
YOLOV3Neck and YOLOV3Head.
"""
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

BLOCKS = (1, 2, 8, 8, 4)  # residual blocks of Darknet-53's stages, table 1 of arXiv 1804.02767
STEM = 32  # channels of its first convolution, which mmdet's class does not let vary
WIDTH = 32  # half those of its first stage; all later ones are multiples
ANCHORS = 3  # of each scale
COCO_CLASSES = 80


@dataclass(frozen=True)
class Conv:
    """A convolution, and the batch norm behind it where it has one.

    Attributes:
        name: mmdet's, of the ConvModule or, without a norm, of the Conv2d.
        shape: Of its kernel: outputs, inputs, height, width.
        norm: A batch norm takes the place of the bias.
    """

    name: str
    shape: tuple[int, int, int, int]
    norm: bool = True

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of each tensor, as they follow one another in the file."""
        channels = self.shape[:1]
        if not self.norm:
            return {f'{self.name}.bias': channels, f'{self.name}.weight': self.shape}
        vectors = ('bias', 'weight', 'running_mean', 'running_var')
        return {**{f'{self.name}.bn.{vector}': channels for vector in vectors},
                f'{self.name}.conv.weight': self.shape}


def darknet53(blocks: Sequence[int] = BLOCKS, width: int = WIDTH) -> Iterator[Conv]:
    """Yield the 52 convolutions in front of Darknet-53's classifier: all of darknet53.conv.74."""
    yield Conv('backbone.conv1', (STEM, 3, 3, 3))
    inputs = STEM
    for stage, count in enumerate(blocks, start=1):
        half, full = width * 2 ** (stage - 1), width * 2 ** stage
        name = f'backbone.conv_res_block{stage}'
        yield Conv(f'{name}.conv', (full, inputs, 3, 3))
        inputs = full
        for block in range(count):
            yield Conv(f'{name}.res{block}.conv1', (half, full, 1, 1))
            yield Conv(f'{name}.res{block}.conv2', (full, half, 3, 3))


def yolov3(classes: int = COCO_CLASSES, blocks: Sequence[int] = BLOCKS, width: int = WIDTH
           ) -> Iterator[Conv]:
    """Yield the 75 convolutions of yolov3.weights: Darknet-53's, then 8, 8 and 7 of the scales."""
    yield from darknet53(blocks, width)
    inputs = 32 * width
    for scale, half in enumerate((16 * width, 8 * width, 4 * width)):
        if scale:
            yield Conv(f'neck.conv{scale}', (half, 2 * half, 1, 1))
            inputs = half + 2 * half  # that one's, upsampled, and the backbone's
        for number in (1, 3, 5):
            name = f'neck.detect{scale + 1}.conv'
            yield Conv(f'{name}{number}', (half, inputs, 1, 1))
            inputs = 2 * half
            if number < 5:
                yield Conv(f'{name}{number + 1}', (inputs, half, 3, 3))
        yield Conv(f'bbox_head.convs_bridge.{scale}', (2 * half, half, 3, 3))
        yield Conv(f'bbox_head.convs_pred.{scale}', (ANCHORS * (5 + classes), 2 * half, 1, 1),
                   norm=False)


def count_values(layers: Sequence[Conv]) -> int:
    """How many numbers a file with these layers holds after its header."""
    return sum(prod(shape) for layer in layers for shape in layer.tensors().values())


def classes_of(values: int) -> int | None:
    """The number of classes with which a YOLOv3 has so many values; None if there is none."""
    none, one = (count_values(list(yolov3(classes))) for classes in (0, 1))
    classes, rest = divmod(values - none, one - none)
    return classes if classes > 0 and not rest else None
