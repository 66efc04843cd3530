"""Image data sets, and the dataset class that serves them in batches.

Importing this package registers them, without importing mmdet or mmpretrain's models.
"""
from plugins.classification.datasets.array_dataset import ArrayDataset, take_batch
from plugins.classification.datasets.cifar import Cifar10, Cifar100
from plugins.classification.datasets.class_folder import ClassFolder
from plugins.classification.datasets.cub200 import Cub200
from plugins.classification.datasets.file_source import FileSource
from plugins.classification.datasets.fit_picture import FitPicture
from plugins.classification.datasets.image_list import ImageList
from plugins.classification.datasets.source import SOURCES, ImageArray, Source, build_source

__all__ = [
    'ArrayDataset', 'Cifar10', 'Cifar100', 'ClassFolder', 'Cub200', 'FileSource',
    'FitPicture', 'ImageArray', 'ImageList', 'SOURCES', 'Source', 'build_source', 'take_batch'
]
