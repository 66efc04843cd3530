"""How much memory a process holds of its own."""
import ctypes
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATUS = Path('/proc/self/status')
CLEAR_REFS = Path('/proc/self/clear_refs')


def resident_mb() -> float | None:
    """Resident anonymous memory, in 1e6 bytes: without pages of mapped files.

    Those belong to the kernel's cache, which takes them back when memory runs
    short. None where the system does not tell (Linux does).
    """
    return _status('RssAnon')


def peak_growth_mb(call: Callable[[], Any]) -> float | None:
    """Memory that a call has at its largest beyond what there was before, in 1e6 bytes.

    Mapped files count as well. None where the system does not tell (Linux does).
    """
    give_back()
    try:
        CLEAR_REFS.write_text('5')  # proc(5): the peak, VmHWM, starts anew
    except OSError:
        return None
    before = _status('VmHWM')
    call()
    return None if before is None else _status('VmHWM') - before


def give_back() -> None:
    """Let glibc give back to the kernel what the process has freed; nothing elsewhere."""
    if platform.libc_ver()[0] == 'glibc':
        ctypes.CDLL(None).malloc_trim(0)


def _status(key: str) -> float | None:
    if not STATUS.is_file():
        return None
    for line in STATUS.read_text().splitlines():
        if line.startswith(f'{key}:'):
            return int(line.split()[1]) * 1024 / 1e6
    return None
