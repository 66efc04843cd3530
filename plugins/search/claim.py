"""What a search writes into its work dir, and whose it is."""
import uuid
from pathlib import Path

from optuna.study import Study

FOLDER, WINNER = 'trials', 'winner'
CSV, SUMMARY = 'trials.csv', 'search.json'
IMPORTANCE, PARALLEL = 'importance.png', 'parallel_coordinate.png'
_OWNER = 'study.id'  # the file that says whose the others are
_KEY = 'work_dir '  # and so does the study, in an attribute of this name and the file's content


def check_free(work_dir: Path, name: str) -> None:
    """Refuse a work dir that holds what a new study would write over.

    Args:
        work_dir: Of the search.
        name: Of the study.

    Raises:
        FileExistsError: Names what lies there.
    """
    names = (_OWNER, FOLDER, WINNER, CSV, SUMMARY, IMPORTANCE, PARALLEL)
    found = [name for name in names if (work_dir / name).exists()]
    if found:
        raise FileExistsError(
            f'{work_dir}: holds {", ".join(found)}, which are not of the study {name!r} in this '
            "database: another study's, or yours. Nothing of it was touched. Choose another "
            '--work-dir, or move them away; to go on with the study that wrote them, give the '
            '--storage that it was begun with')


def claim(work_dir: Path, study: Study) -> None:
    """Make a work dir the study's, to write into; it may have one on each machine.

    Args:
        work_dir: Of the search; the caller holds its lock.
        study: The study.

    Raises:
        FileExistsError: It is another's, see :func:`check_free`.
    """
    path = work_dir / _OWNER
    if path.is_file() and f'{_KEY}{path.read_text().strip()}' in study.user_attrs:
        return
    check_free(work_dir, study.study_name)
    owner = uuid.uuid4().hex
    study.set_user_attr(f'{_KEY}{owner}', str(work_dir))
    partial = path.with_name(f'{_OWNER}.partial')
    partial.write_text(f'{owner}\n')
    partial.replace(path)
