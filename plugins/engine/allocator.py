"""Keep the memory of one training step for the next one."""
import ctypes
import platform

# <malloc.h>; ctypes cannot read its constants.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_INT = 2**31 - 1
_OLD_GLIBC_LIMIT = 32 * 2**20  # bytes; the most that glibc before 2.35 accepts


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for reuse instead of returning it to the kernel.

    PyTorch has a caching allocator for GPUs but none for CPUs: every step frees its activations,
    and the next step requests new pages, which the kernel must clear. YOLOv3-MobileNetV2 at
    416x128, batch 4: 22 000 page faults per step before, fewer than 200 after. The process stays
    at its peak size.

    Returns:
        Whether it was done; False for other C libraries.
    """
    return set_thresholds(_LARGEST_INT, _LARGEST_INT) or set_thresholds(
        _OLD_GLIBC_LIMIT, _LARGEST_INT)


def set_thresholds(mapped: int, trimmed: int) -> bool:
    """Set glibc's thresholds for the whole process, which also ends their automatic adjustment.

    Args:
        mapped: Blocks of at least this many bytes get their own pages, returned when freed.
        trimmed: At least this many free bytes at the end of the heap are returned.

    Returns:
        Whether it was done; False for other C libraries and for values that glibc rejects.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_THRESHOLD, mapped) and mallopt(_M_TRIM_THRESHOLD, trimmed))
