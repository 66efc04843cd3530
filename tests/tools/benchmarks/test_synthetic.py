import numpy as np
import pytest

from plugins.classification.datasets.cifar import cifar10
from plugins.classification.datasets.class_folder import class_folder
from tools.benchmarks.synthetic import write_cifar10, write_class_folders


def test_cifar10_files_are_read_by_the_projects_source(tmp_path):
    array = cifar10(write_cifar10(tmp_path / 'a', per_class=7), 'train')
    assert array.images.shape == (70, 3, 32, 32) and array.images.dtype == np.uint8
    assert np.bincount(array.labels).tolist() == [7] * 10
    assert len(cifar10(tmp_path / 'a', 'test').labels) == 100
    again = cifar10(write_cifar10(tmp_path / 'b', per_class=7), 'train')
    other = cifar10(write_cifar10(tmp_path / 'c', per_class=7, seed=1), 'train')
    assert again.fingerprint == array.fingerprint != other.fingerprint


def test_a_class_has_a_colour_of_its_own(tmp_path):
    names = ['x', 'y', 'z']
    root = write_class_folders(tmp_path, 10, names, side=16)
    array = class_folder(root, size=16)
    assert array.classes == ('x', 'y', 'z') and np.bincount(array.labels).tolist() == [4, 3, 3]
    means = array.images.mean((2, 3))
    within = max(means[array.labels == label].std(0).max() for label in range(3))
    between = min(np.abs(means[array.labels == a].mean(0) - means[array.labels == b].mean(0)).max()
                  for a, b in ((0, 1), (0, 2), (1, 2)))
    assert between > 3 * within


def test_an_existing_folder_is_not_written_into(tmp_path):
    write_cifar10(tmp_path, per_class=1)
    with pytest.raises(FileExistsError):
        write_cifar10(tmp_path, per_class=1)
