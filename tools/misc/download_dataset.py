"""Download, verify and unpack a data set, so that the configs find it.

    python tools/misc/download_dataset.py cifar10
    python tools/misc/download_dataset.py kitti --from ~/Downloads

Archives are compared with their published SHA-256, the unpacked set with its number of files per
folder. Checksums are those of tensorflow_datasets (flower_photos, CUB-200-2010, KITTI) and Keras
(CIFAR). MIT_split has no published archive: its counts and the bytes of its images are compared.
A data set is moved into place only when complete, and never replaces an existing one.
"""
import hashlib
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.command_line import Parser, run
from plugins.engine.downloads import check_sum, download
from plugins.engine.files import REPO_ROOT, checksum, replacing_folder
from plugins.engine.wording import some
from tools.misc.downloads.unpack import unpack

_CUB_ON_DRIVE = 'https://drive.usercontent.google.com/download?export=download&confirm=t&id='
_MIT_COUNTS = {
    'Opencountry': (292, 118), 'coast': (244, 116), 'forest': (227, 101), 'highway': (184, 76),
    'inside_city': (214, 94), 'mountain': (260, 114), 'street': (212, 80),
    'tallbuilding': (248, 108)}


@dataclass(frozen=True)
class Archive:
    """One file to download."""

    name: str  # official file name
    sha256: str = ''  # hex digest; empty if none is published
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


def main(argv: Sequence[str] | None = None) -> Path:
    """Download one data set into its folder, and return the folder.

    Raises:
        OSError: The network, a given file or disk space is missing.
        ValueError: The set must be downloaded by hand, is not the official one, or its folder
            contains something else.
    """
    parser = Parser(description=__doc__.partition('\n')[0])
    parser.add_argument('name', choices=list(DATA_SETS), help='the data set')
    parser.add_argument('--data-root', type=Path, default=REPO_ROOT / 'data', metavar='DIR',
                        help='folder of all data sets (default: data in the repository)')
    parser.add_argument('--from', dest='source', type=Path, metavar='FOLDER',
                        help='holds the archives, which you downloaded yourself')
    args = parser.parse_args(argv)
    data_set = DATA_SETS[args.name]
    target = args.data_root.expanduser().absolute() / data_set.folder
    if target.is_dir() and any(target.iterdir()):
        if wrong := wrong_counts(target, data_set.counts):
            raise ValueError(
                f'{target}: exists, but is not the complete {args.name} ({some(wrong, "; ")}; '
                'empty files do not count); move it away or choose another --data-root')
        _check_content(data_set, target)
        print(f'{args.name}: has all its files already, in {target}')
        return target
    source = args.source and args.source.expanduser()
    _check_sources(args.name, data_set, source)
    with replacing_folder(target) as made:
        work = made / '.work'
        work.mkdir()
        for archive in data_set.archives:
            path = source / archive.name if source else download(
                archive.url, work / archive.name, archive.sha256, f'get {archive.name} elsewhere '
                f'and give its folder with --from; its page is {data_set.origin}')
            print(f'Unpacking {path.name}')
            unpack(path, work / 'unpacked', data_set.only)
        found = _find_set(args.name, data_set, work / 'unpacked')
        _check_content(data_set, found)
        for child in list(found.iterdir()):
            child.rename(made / child.name)
        shutil.rmtree(work)
    print(f'{args.name}: in {target}')
    return target


def _check_content(data_set: Download, folder: Path) -> None:
    """Warn if bytes differ from the official ones, where no archive's checksum shows it."""
    if data_set.digest is not None and digest_of(folder) != data_set.digest:
        print(f'Warning: {data_set.folder} is complete, but its images differ from the official '
              'files (grey, resized, newly encoded?); results may differ from the reported ones',
              file=sys.stderr)


def _check_sources(name: str, data_set: Download, folder: Path | None) -> None:
    """Raise an error unless the user's folder holds the official archives, or all have a URL."""
    if folder is None and data_set.by_hand:
        names = ' and '.join(archive.name for archive in data_set.archives)
        raise ValueError(f'{name} must be downloaded by hand: {data_set.by_hand}; then: python '
                         f'tools/misc/download_dataset.py {name} --from FOLDER, which has {names}')
    for archive in data_set.archives if folder else ():
        path = folder / archive.name
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file; expected all archives of {name} there')
        check_sum(path, archive.sha256)


def _find_set(name: str, data_set: Download, unpacked: Path) -> Path:
    """Find the folder of the complete set, which an archive may nest in other folders."""
    folders = [unpacked, *(path for depth in ('*', '*/*') for path in sorted(unpacked.glob(depth))
                           if path.is_dir())]
    wrong, best = min(((wrong_counts(folder, data_set.counts), folder) for folder in folders),
                      key=lambda report: len(report[0]))
    if wrong:
        raise ValueError(f'{name}: the archive is not the complete set ({some(wrong, "; ")}); '
                         'nothing was kept')
    return best


def wrong_counts(folder: Path, counts: Mapping[str, int]) -> list[str]:
    """List missing or superfluous files below a folder; empty if it is complete.

    Args:
        counts: Pattern -> number of visible entries that match it; empty files do not count.
    """
    found = {pattern: sum(1 for path in folder.glob(pattern) if not path.name.startswith('.')
                          and (path.is_dir() or path.stat().st_size > 0)) for pattern in counts}
    return [f'{pattern}: {found[pattern]} instead of {expected}'
            for pattern, expected in counts.items() if found[pattern] != expected]


def digest_of(folder: Path) -> str:
    """Return one SHA-256 for all visible files below a folder.

    It is the digest of the lines ``<sha256>  <relative name>`` (the output of
    ``sha256sum``) in order of the names, so it can be recomputed by hand.
    """
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob('*')
                   if path.is_file() and not path.name.startswith('.'))
    lines = ''.join(f'{checksum(path)}  {name}\n' for name, path in files)
    return hashlib.sha256(lines.encode()).hexdigest()


if __name__ == '__main__':
    run(main)
