"""Where relative paths of configs and command lines lead."""
from pathlib import Path

REPO_ROOT = Path(__file__).resolve().parents[1]


def resolve_path(path: str | Path) -> Path:
    """Make a path absolute: as seen from here, else from the repository root.

    Configs name their data as ``data/cifar10``; the tools run from any
    working directory. So a relative path that exists below the current
    directory is taken there, and any other one is taken below the repository
    root (whether it exists or not: the caller's error then names that place).
    """
    path = Path(path).expanduser()
    if path.is_absolute() or path.exists():
        return path.absolute()
    return REPO_ROOT / path
