"""What each data set is: its archives, where they come from, and what must be in them.

Checksums and sizes of archives are those of tensorflow_datasets' checksum files (flower_photos,
CUB-200-2010, KITTI) and of Keras's file hashes (CIFAR), whose MD5 torchvision lists too. No
checksum of a MIT_split archive is published: there the counts and the images' own bytes decide.
"""
from collections.abc import Mapping
from dataclasses import dataclass, field

_CUB_ON_DRIVE = 'https://drive.usercontent.google.com/download?export=download&confirm=t&id='
_CUB_AT_CALTECH = 'http://www.vision.caltech.edu/visipedia-data/CUB-200/'
_MIT_COUNTS = {
    'Opencountry': (292, 118), 'coast': (244, 116), 'forest': (227, 101), 'highway': (184, 76),
    'inside_city': (214, 94), 'mountain': (260, 114), 'street': (212, 80),
    'tallbuilding': (248, 108)}


@dataclass(frozen=True)
class Archive:
    """One file to fetch.

    Attributes:
        name: Official file name.
        size: Bytes; None where nobody publishes it.
        sha256: Hex digest; None where nobody publishes it.
        urls: Tried in this order; empty for a file that wants a person.
    """
    name: str
    size: int | None = None
    sha256: str | None = None
    urls: tuple[str, ...] = ()


@dataclass(frozen=True)
class Download:
    """One data set.

    Attributes:
        folder: Where it stands below the data root.
        archives: What is unpacked, one into the other.
        counts: Pattern below ``folder`` -> how many visible files or folders match it.
        origin: Its page, for errors and help.
        only: Members outside of this folder of the archives are not unpacked.
        digest: SHA-256 of ``sha256sum`` over all files, in order of their names (see
            :func:`tools.misc.downloads.verify.digest_of`); None where the archives' do.
        by_hand: Why it cannot be fetched and what to do, where that is so.
        pickled: The files are CIFAR's; each is read, or compared with its own MD5.
    """
    folder: str
    archives: tuple[Archive, ...]
    counts: Mapping[str, int]
    origin: str
    only: str = ''
    digest: str | None = None
    by_hand: str = field(default='', repr=False)
    pickled: bool = False


DATA_SETS = {
    'cifar10': Download(
        'cifar10/cifar-10-batches-py',
        (Archive('cifar-10-python.tar.gz', 170498071,
                 '6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce',
                 ('https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz',)),),
        {'data_batch_[1-5]': 5, 'test_batch': 1, 'batches.meta': 1},
        'https://www.cs.toronto.edu/~kriz/cifar.html', pickled=True),
    'cifar100': Download(
        'cifar100/cifar-100-python',
        (Archive('cifar-100-python.tar.gz', 169001437,
                 '85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7',
                 ('https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz',)),),
        {'train': 1, 'test': 1, 'meta': 1},
        'https://www.cs.toronto.edu/~kriz/cifar.html', pickled=True),
    'flower_photos': Download(
        'flower_photos',
        (Archive('flower_photos.tgz', 228813984,
                 '4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c',
                 ('https://storage.googleapis.com/download.tensorflow.org/example_images/'
                  'flower_photos.tgz',
                  'http://download.tensorflow.org/example_images/flower_photos.tgz')),),
        {'daisy/*.jpg': 633, 'dandelion/*.jpg': 898, 'roses/*.jpg': 641, 'sunflowers/*.jpg': 699,
         'tulips/*.jpg': 799},
        'https://www.tensorflow.org/datasets/catalog/tf_flowers'),
    'cub200': Download(
        'CUB_200_2010',
        (Archive('images.tgz', 679421896,
                 '2a6d2246bbb9778ca03aa94e2e683ccb4f8821a36b7f235c0822e659d60a803e',
                 (f'{_CUB_ON_DRIVE}1GDr1OkoXdhaXWGA8S3MAq3a522Tak-nx',
                  f'{_CUB_AT_CALTECH}images.tgz')),
         Archive('lists.tgz', 201844,
                 'aeacbd5e3539ae84ea726e8a266a9a119c18f055cd80f3836d5eb4500b005428',
                 (f'{_CUB_ON_DRIVE}1vZuZPqha0JjmwkdaS_XtYryE3Jf5Q1AC',
                  f'{_CUB_AT_CALTECH}lists.tgz'))),
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
        (Archive('data_object_image_2.zip', 12569945557,
                 '351c5a2aa0cd9238b50174a3a62b846bc5855da256b82a196431d60ff8d43617'),
         Archive('data_object_label_2.zip', 5601213,
                 '4efc76220d867e1c31bb980bbf8cbc02599f02a9cb4350effa98dbb04aaed880')),
        {'training/image_2/*.png': 7481, 'training/label_2/*.txt': 7481},
        'https://www.cvlibs.net/datasets/kitti/eval_object.php',
        only='training/',
        by_hand='KITTI wants a click: on https://www.cvlibs.net/datasets/kitti/eval_object.php log '
                'in, accept the licence and fetch "left color images of object data set" (12 GB) '
                'and "training labels of object data set" (5 MB)'),
}
