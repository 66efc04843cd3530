"""Start a process group, also on machines without a GPU."""
import os

import torch
import torch.distributed as torch_dist
from mmengine.dist import init_dist


def init_distributed(launcher: str, dist_cfg: dict) -> None:
    """Join the launcher's process group; does nothing for ``none``.

    mmengine needs a GPU for every process. Without GPUs the group is created here with gloo,
    before the Runner is built, which then uses it.

    Args:
        launcher: none, pytorch, slurm or mpi; without GPUs it must set RANK, WORLD_SIZE,
            MASTER_ADDR and MASTER_PORT, as torchrun does.
        dist_cfg: ``env_cfg.dist_cfg`` of the config; used with GPUs.

    Raises:
        ValueError: One of these variables is missing.
    """
    if launcher == 'none' or torch_dist.is_initialized():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **dist_cfg)
        return
    needed = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
    missing = [name for name in needed if name not in os.environ]
    if missing:
        raise ValueError(f'--launcher {launcher}: {", ".join(missing)} not set. Start with '
                         'tools/dist_train.sh (torchrun); tools/slurm_train.sh needs GPUs.')
    torch_dist.init_process_group(backend='gloo')
