"""What the configs need beyond mmengine, mmpretrain and mmdet.

Importing this package imports none of them: a config names the sub-package of
its own task in ``custom_imports``. The one thing done here, because it has to
happen before anything imports ``mmcv.ops``, is to provide NMS where mmcv was
installed without its compiled operators.
"""
from plugins.engine.mmcv_ops import install_missing_ops

install_missing_ops()
