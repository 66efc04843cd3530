"""Sources of decoded images and the dataset that serves them in batches.

Importing it registers everything below; mmdet and mmpretrain's models are not
imported.
"""
from plugins.classification.datasets.array_dataset import ArrayDataset, part_rows, take_batch
from plugins.classification.datasets.cifar import cifar10, cifar100
from plugins.classification.datasets.class_folder import class_folder, list_class_folder
from plugins.classification.datasets.cub200 import cub200, list_cub200
from plugins.classification.datasets.digits import digits
from plugins.classification.datasets.image_array import SOURCES, ImageArray, load_source
from plugins.classification.datasets.listing import list_files, list_names, place_of
from plugins.classification.datasets.splits import stratified_split

__all__ = [
    'ArrayDataset', 'ImageArray', 'SOURCES', 'cifar10', 'cifar100', 'class_folder', 'cub200',
    'digits', 'list_class_folder', 'list_cub200', 'list_files', 'list_names', 'load_source',
    'part_rows', 'place_of', 'stratified_split', 'take_batch'
]
