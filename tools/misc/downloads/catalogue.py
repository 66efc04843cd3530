"""The data sets: their archives, download URLs and expected contents.

Checksums are those of tensorflow_datasets (flower_photos, CUB-200-2010, KITTI) and Keras (CIFAR).
No checksum of a MIT_split archive is published: its file counts and image bytes are checked.
"""
from collections.abc import Mapping
from dataclasses import dataclass

_CUB_ON_DRIVE = 'https://drive.usercontent.google.com/download?export=download&confirm=t&id='
_MIT_COUNTS = {
    'Opencountry': (292, 118), 'coast': (244, 116), 'forest': (227, 101), 'highway': (184, 76),
    'inside_city': (214, 94), 'mountain': (260, 114), 'street': (212, 80),
    'tallbuilding': (248, 108)}


@dataclass(frozen=True)
class Archive:
    """One file to download."""

    name: str  # official file name
    sha256: str | None = None  # hex digest; None if none is published
    url: str = ''  # empty for a file that must be downloaded by hand


@dataclass(frozen=True)
class Download:
    """One data set."""

    folder: str  # its place below the data root
    archives: tuple[Archive, ...]  # unpacked into one folder
    counts: Mapping[str, int]  # pattern below `folder` -> how many visible entries match it
    origin: str  # its web page, for errors
    only: str = ''  # the folder of the archives to unpack; empty: everything
    digest: str | None = None  # `digest_of` the official set; None: the archives have checksums
    by_hand: str = ''  # if no program can download it: why, and what to do instead


DATA_SETS = {
    'cifar10': Download(
        'cifar10/cifar-10-batches-py',
        (Archive('cifar-10-python.tar.gz',
                 '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce',
                 'https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz'),),
        {'data_batch_[1-5]': 5, 'test_batch': 1, 'batches.meta': 1},
        'https://www.cs.toronto.edu/~kriz/cifar.html'),
    'cifar100': Download(
        'cifar100/cifar-100-python',
        (Archive('cifar-100-python.tar.gz',
                 '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7',
                 'https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz'),),
        {'train': 1, 'test': 1, 'meta': 1},
        'https://www.cs.toronto.edu/~kriz/cifar.html'),
    'flower_photos': Download(
        'flower_photos',
        (Archive('flower_photos.tgz',
                 '4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c',
                 'https://storage.googleapis.com/download.tensorflow.org/example_images/'
                 'flower_photos.tgz'),),
        {'daisy/*.jpg': 633, 'dandelion/*.jpg': 898, 'roses/*.jpg': 641, 'sunflowers/*.jpg': 699,
         'tulips/*.jpg': 799},
        'https://www.tensorflow.org/datasets/catalog/tf_flowers'),
    'cub200': Download(
        'CUB_200_2010',
        (Archive('images.tgz',
                 '2a6d2246bbb9778ca03aa94e2e683ccb4f8821a36b7f235c0822e659d60a803e',
                 f'{_CUB_ON_DRIVE}1GDr1OkoXdhaXWGA8S3MAq3a522Tak-nx'),
         Archive('lists.tgz',
                 'aeacbd5e3539ae84ea726e8a266a9a119c18f055cd80f3836d5eb4500b005428',
                 f'{_CUB_ON_DRIVE}1vZuZPqha0JjmwkdaS_XtYryE3Jf5Q1AC')),
        {'images/*': 200, 'images/*/*.jpg': 6033, 'lists/train.txt': 1, 'lists/test.txt': 1},
        'https://www.tensorflow.org/datasets/catalog/caltech_birds2010'),
    'mit_split': Download(
        'MIT_split',
        (Archive('MIT_split.zip'),),
        {f'{part}/{name}/*.jpg': count for name, counts in _MIT_COUNTS.items()
         for part, count in zip(('train', 'test'), counts, strict=True)},
        'https://people.csail.mit.edu/torralba/code/spatialenvelope/',
        digest='d466a7247db695917ff6431c8645e45c8e0753dfa1133f3e1efac067ff26b32d',
        by_hand='the images come from https://people.csail.mit.edu/torralba/code/spatialenvelope/, '
                'but their division into 1 881 for training and 807 for the test has no stable '
                'address; ask a course that uses it for MIT_split.zip (MIT_split/{train,test}/'
                '<class>/*.jpg)'),
    'kitti': Download(
        'kitti',
        (Archive('data_object_image_2.zip',
                 '351c5a2aa0cd9238b50174a3a62b846bc5855da256b82a196431d60ff8d43617'),
         Archive('data_object_label_2.zip',
                 '4efc76220d867e1c31bb980bbf8cbc02599f02a9cb4350effa98dbb04aaed880')),
        {'training/image_2/*.png': 7481, 'training/label_2/*.txt': 7481},
        'https://www.cvlibs.net/datasets/kitti/eval_object.php',
        only='training/',
        by_hand='its licence must be accepted: log in on https://www.cvlibs.net/datasets/kitti/'
                'eval_object.php and download "left color images of object data set" (12 GB) and '
                '"training labels of object data set" (5 MB)'),
}
