"""What the configs need beyond mmengine, mmpretrain and mmdet.

Importing this package imports none of them: a config names the sub-package of
its own task in ``custom_imports``. Two things are done here, because they have to
happen first: where mmcv was installed without its compiled operators, NMS is
provided before anything imports ``mmcv.ops``; and until a tool listens to
signals, Ctrl-C ends it without the traceback of some import.
"""
import signal
import sys
from pathlib import Path

from plugins.engine.mmcv_ops import install_missing_ops

if (str(Path(__file__).parents[1] / 'tools') in getattr(sys.modules['__main__'], '__file__', '')
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler):
    signal.signal(signal.SIGINT, signal.SIG_DFL)
install_missing_ops()
