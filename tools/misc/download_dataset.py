"""Fetch, verify and unpack a data set, so that the configs find it.

    python tools/misc/download_dataset.py cifar10
    python tools/misc/download_dataset.py cub200 --from https://mirror.example.org/cub200/
    python tools/misc/download_dataset.py kitti --from data_object_image_2.zip \
data_object_label_2.zip

Archives are compared with their published SHA-256, the unpacked set with its number of files a
folder. MIT_split has no published archive: its counts and the bytes of its images are compared.
A download that breaks off is taken up by the same command; a set appears when it is complete.
"""
import argparse
import contextlib
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from plugins.engine.files import REPO_ROOT
from tools.misc.downloads.catalogue import DATA_SETS, Archive, Download
from tools.misc.downloads.fetch import fetch
from tools.misc.downloads.unpack import unpack
from tools.misc.downloads.verify import check_archive, digest_of, empty_files, wrong_counts


def main(argv: Sequence[str] | None = None) -> Path:
    """Bring one data set to its place and return its folder.

    Args:
        argv: Arguments as on the command line; None takes the process's own.

    Raises:
        OSError: No network, no such file, no room.
        ValueError: A set that wants a person, something that is not the
            official archive or set, or another set in its place.
    """
    args = _parser().parse_args(argv)
    data_set = DATA_SETS[args.name]
    target = args.data_root.expanduser().absolute() / data_set.folder
    if target.exists():
        _check_present(args.name, data_set, target)
        print(f'{args.name}: has all its files already, in {target}')
        return target
    sources = _sources(args.name, data_set, args.source)
    store = args.data_root.expanduser().absolute() / '.downloads' / args.name
    archives = [_obtain(archive, places, store, data_set.origin)
                for archive, places in zip(data_set.archives, sources, strict=True)]
    try:
        _build(args.name, data_set, archives, target)
    except ValueError:
        for archive in data_set.archives:
            if archive.sha256 is None:  # fetched, but wrong: the next call must fetch another
                (store / archive.name).unlink(missing_ok=True)
        raise
    shutil.rmtree(store, ignore_errors=True)  # files that the user named lie elsewhere
    with contextlib.suppress(OSError):  # another set's download may wait there
        store.parent.rmdir()
    print(f'{args.name}: in {target}')
    return target


def _build(name: str, data_set: Download, archives: Sequence[Path], target: Path) -> None:
    """Unpack beside the target, check, and rename: never half a set."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f'.{target.name}-') as spare:
        unpacked = Path(spare, 'unpacked')
        unpacked.mkdir()
        for archive in archives:
            unpack(archive, unpacked, data_set.only)
        made = _find_set(name, data_set, unpacked)
        _check_content(data_set, made)
        made.rename(target)


def _parser() -> argparse.ArgumentParser:
    lines = [f'  {name:14}{item.origin}' for name, item in DATA_SETS.items()]
    parser = argparse.ArgumentParser(
        description=__doc__.partition('\n')[0], epilog='\n'.join(['data sets:', *lines]),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('name', choices=list(DATA_SETS), metavar='NAME', help='see below')
    parser.add_argument('--data-root', type=Path, default=REPO_ROOT / 'data', metavar='DIR',
                        help='folder of all data sets (default: data in the repository)')
    parser.add_argument('--from', dest='source', nargs='+', default=[], metavar='FILE_OR_URL',
                        help='archives to use instead of the official addresses, or a folder or '
                        'URL ending in / that holds them under their official names')
    return parser


def _check_present(name: str, data_set: Download, target: Path) -> None:
    """Raise ValueError where something else stands in the place of the set."""
    if wrong := wrong_counts(target, data_set.counts):
        raise ValueError(f'{target} exists, but is not the complete {name} ({"; ".join(wrong[:3])}'
                         f'{"; ..." if wrong[3:] else ""}); move it away or name another '
                         '--data-root')
    if empty := empty_files(target, data_set.counts):
        raise ValueError(f'{target} is not the complete {name}: {len(empty)} of its files are '
                         f'empty ({", ".join(empty[:3])}{", ..." if empty[3:] else ""}); delete '
                         'the folder and give the same command again')
    try:
        _check_content(data_set, target)
    except ValueError as error:
        raise ValueError(f'{target} is not a usable {name}: {error}; or delete the folder and '
                         'give the same command again') from error


def _check_content(data_set: Download, folder: Path) -> None:
    """Warn of other bytes than the official ones.

    Raises:
        ValueError: A file of CIFAR cannot be read.
    """
    if data_set.pickled:
        # Here, as it brings all of mmpretrain: the other sets need not wait for it.
        from plugins.classification.datasets.cifar_files import CIFAR10, CIFAR100, other_files
        edition = CIFAR10 if Path(data_set.folder).name == CIFAR10.folder else CIFAR100
        if others := other_files(folder, edition):
            print(f'Warning: {folder.name} is readable, but {", ".join(others)} differ(s) from the '
                  'official file(s) by MD5 (newly encoded, or other images?); results may differ '
                  'from reported ones', file=sys.stderr)
    if data_set.digest is not None and digest_of(folder) != data_set.digest:
        print(f'Warning: {folder.name} has as many images as the official set, but other bytes (a '
              'grey, resized or newly compressed copy?); results may differ from reported ones',
              file=sys.stderr)


def _sources(name: str, data_set: Download, given: list[str]) -> list[tuple[str, ...]]:
    """For each archive the files or URLs to try.

    Raises:
        ValueError: Something given is none of the archives, or one of them has
            no address and was not given.
    """
    if len(given) == 1 and (given[0].endswith('/') or Path(given[0]).is_dir()):
        return [(f'{given[0].rstrip("/")}/{archive.name}',) for archive in data_set.archives]
    if len(given) == 1 and len(data_set.archives) == 1:
        return [(given[0],)]
    names = [archive.name for archive in data_set.archives]
    by_name = {Path(place.partition('?')[0]).name: place for place in given}
    if unknown := sorted(set(by_name) - set(names)):
        raise ValueError(f'--from {by_name[unknown[0]]}: {name} consists of {", ".join(names)}; '
                         'give files of these names or a folder that holds them')
    sources = [(by_name[archive.name],) if archive.name in by_name else archive.urls
               for archive in data_set.archives]
    if not all(sources):
        command = f'python tools/misc/download_dataset.py {name} --from {" ".join(names)}'
        raise ValueError(f'{name} cannot be fetched by a program: {data_set.by_hand}; then: '
                         f'{command}')
    return sources


def _obtain(archive: Archive, places: Sequence[str], store: Path, origin: str) -> Path:
    """A verified archive: a file of the user's, one fetched before, or one fetched now."""
    if not places[0].startswith(('http://', 'https://')):
        path = Path(places[0]).expanduser()
        if not path.is_file():
            raise FileNotFoundError(f'{path}: no such file; expected {archive.name}')
        check_archive(path, archive)
        return path
    path, failures = store / archive.name, []
    for url in places:
        try:
            if not path.is_file():
                fetch(url, path, archive.size)
            check_archive(path, archive)
            return path
        except ValueError as error:  # not the official file: the next address may have it
            path.unlink(missing_ok=True)
            failures.append(str(error))
        except OSError as error:
            failures.append(str(error))
    raise OSError(f'{archive.name} cannot be fetched ({"; ".join(failures)}). Get it elsewhere and '
                  f'name it with --from; its page is {origin}')


def _find_set(name: str, data_set: Download, unpacked: Path) -> Path:
    """The folder that holds the complete set: whatever folders an archive puts around it."""
    folders = [unpacked, *(path for path in sorted(unpacked.glob('*')) if path.is_dir()),
               *(path for path in sorted(unpacked.glob('*/*')) if path.is_dir())]
    reports = [(len(wrong_counts(folder, data_set.counts)), folder) for folder in folders]
    fewest, best = min(reports, key=lambda report: report[0])
    if fewest:
        wrong = wrong_counts(best, data_set.counts)
        raise ValueError(f'{name}: the archive is not the complete set ({"; ".join(wrong[:3])}'
                         f'{"; ..." if wrong[3:] else ""}); nothing was kept')
    return best


if __name__ == '__main__':
    from plugins.engine.command_line import run
    run(main)
