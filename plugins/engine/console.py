"""Make a tool independent of its terminal: of its encoding, and of whether anything reads it."""
import io
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path


def prepare() -> None:
    """Let nothing that happens to the output end the work; restart if the locale is not UTF-8."""
    if sys.getfilesystemencoding() != 'utf-8':
        os.execv(sys.executable, [sys.executable, '-X', 'utf8', *sys.orig_argv[1:]])
    for number in range(3):  # a file opened later must not get the number of a closed stream
        try:
            os.fstat(number)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_RDWR), number)
    for name, number in (('stdout', 1), ('stderr', 2)):
        stream = getattr(sys, name)
        if stream is getattr(sys, f'__{name}__'):  # else a caller has replaced it
            setattr(sys, name, lenient(number, 'w', getattr(stream, 'encoding', 'utf-8')))
    # TensorBoard's thread prints a traceback, and raises its error again where it is called next.
    threading.excepthook = lambda failure: (issubclass(failure.exc_type, OSError)
                                            or threading.__excepthook__(failure))


def check_window() -> None:
    """Raise ValueError if matplotlib cannot open a window."""
    from matplotlib import pyplot  # takes a while
    try:
        framework = pyplot.figure().canvas.required_interactive_framework
        pyplot.close()
    except ImportError:  # MPLBACKEND asks for what is not there
        framework = None
    if not framework:
        raise ValueError(f'--show: matplotlib draws with {pyplot.get_backend()}, which opens no '
                         'window here, expected a display and Tk or Qt; use --show-dir FOLDER')


def lenient(file: int | Path, mode: str, encoding: str = 'utf-8') -> io.TextIOWrapper:
    """Open a text file, or a file's number, to which any text can be written.

    What cannot be written, as to a closed pipe or a full disk, is lost; for a path, a warning says
    so once. Characters that the encoding lacks are written as ``\\xe9``.
    """
    return io.TextIOWrapper(io.BufferedWriter(_Lenient(file, mode, isinstance(file, Path))),
                            encoding, 'backslashreplace', line_buffering=True)


class _Lenient(io.FileIO):
    warned = False

    def write(self, content: bytes) -> int:
        try:
            written = super().write(content)
        except OSError as error:
            written = None
            if isinstance(self.name, Path) and not self.warned:
                self.warned = True
                with suppress(OSError):  # not to sys.stderr, which may be redirected to this file
                    os.write(2, f'Warning: {self.name} cannot be written ({error.strerror}); the '
                             'run goes on without it\n'.encode(errors='backslashreplace'))
        return len(content) if written is None else written
