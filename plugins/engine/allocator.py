"""Keep the memory of one training step for the next one."""
import ctypes
import platform

# <malloc.h>; ctypes cannot read its constants.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGEST_INT = 2**31 - 1
_OLD_GLIBC_LIMIT = 32 * 2**20  # bytes; glibc before 2.35 refuses more for M_MMAP_THRESHOLD


def keep_freed_memory() -> bool:
    """Tell glibc to keep what the process frees, instead of giving it back to the kernel.

    PyTorch has a caching allocator for GPUs and none for CPUs: every step frees its activations,
    and the next gets their pages anew, cleared by the kernel. On YOLOv3-MobileNetV2 at 416x128,
    batch 4: 22 000 page faults in a step before, fewer than 200 after. The process keeps the size
    of its peak.

    Returns:
        Whether it was done; there is nothing to do for other C libraries.
    """
    return set_thresholds(_LARGEST_INT, _LARGEST_INT) or set_thresholds(
        _OLD_GLIBC_LIMIT, _LARGEST_INT)


def set_thresholds(mapped: int, trimmed: int) -> bool:
    """Set glibc's thresholds for the whole process; from then on it adjusts neither by itself.

    Args:
        mapped: Bytes of a block that gets pages of its own, given back when it is freed.
        trimmed: Free bytes at the heap's end from which on they are given back.

    Returns:
        Whether it was done; False for other C libraries, and for more than glibc takes.
    """
    if platform.libc_ver()[0] != 'glibc':
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_THRESHOLD, mapped) and mallopt(_M_TRIM_THRESHOLD, trimmed))
