"""How much memory a process holds of its own."""
from pathlib import Path

STATUS = Path('/proc/self/status')


def resident_mb() -> float | None:
    """Resident anonymous memory, in 1e6 bytes: without pages of mapped files.

    Those belong to the kernel's cache, which takes them back when memory runs
    short. None where the system does not tell (Linux does).
    """
    if not STATUS.is_file():
        return None
    for line in STATUS.read_text().splitlines():
        if line.startswith('RssAnon:'):
            return int(line.split()[1]) * 1024 / 1e6
    return None
