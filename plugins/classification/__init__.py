"""Classification: the reports' data sets, augmentation, models and metrics; extends mmpretrain.

mmpretrain imports mmdet if it is installed, for one ResNet layer that no
config here uses; blocking that import saves two seconds.
"""
from plugins.engine.lean_import import without

with without('mmdet'):
    import mmpretrain.datasets  # mmengine would import it later, and print a line
    import mmpretrain.engine
    import mmpretrain.evaluation
    import mmpretrain.models
    import mmpretrain.visualization

import plugins.engine.registration  # noqa: F401
from plugins.engine.load_cached_image import LoadCachedImage

from .backbones import BaseNet, InceptionV3Features, TruncatedDenseNet
from .classifiers import FlipTTA, TransferClassifier
from .data_preprocessor import BatchDataPreprocessor
from .datasets import ArrayDataset
from .feature_cache import FeatureCacheHook
from .heads import MLPClsHead
from .metrics import ClassReport, MeanLoss
from .necks import AdaptivePoolNeck, ConvNeck
from .normalization_hook import FitNormalizationHook
from .weight_layouts import to_mm_layout

# mmpretrain registers mmcv's loader a second time, in its own registry.
mmpretrain.registry.TRANSFORMS.register_module(
    name='LoadImageFromFile', force=True, module=LoadCachedImage)

__all__ = ['AdaptivePoolNeck', 'ArrayDataset', 'BaseNet', 'BatchDataPreprocessor', 'ClassReport',
           'ConvNeck', 'FeatureCacheHook', 'FitNormalizationHook', 'FlipTTA',
           'InceptionV3Features', 'MLPClsHead', 'MeanLoss', 'TransferClassifier',
           'TruncatedDenseNet', 'to_mm_layout']
