"""Start a process group, also on machines without a GPU."""
import os

import torch
import torch.distributed as torch_dist
from mmengine.dist import init_dist


def init_distributed(launcher: str, dist_cfg: dict) -> None:
    """Join the process group of the launcher; does nothing for ``none``.

    mmengine's own start-up needs a GPU for every process. Without one the group is made here with
    gloo, before the Runner is built, which then leaves it alone.

    Args:
        launcher: none, pytorch, slurm or mpi. Without a GPU: ``pytorch``, whose torchrun sets
            RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, or ``slurm``.
        dist_cfg: ``env_cfg.dist_cfg`` of the config, for the GPU case.

    Raises:
        ValueError: The launcher's variables are missing.
    """
    if launcher == 'none' or torch_dist.is_initialized():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **dist_cfg)
        return
    if launcher == 'slurm':
        _slurm_variables()
    missing = [k for k in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
               if k not in os.environ]
    if missing:
        raise ValueError(f'--launcher {launcher}: {", ".join(missing)} not set. Start with '
                           'tools/dist_train.sh (torchrun) or tools/slurm_train.sh (srun).')
    torch_dist.init_process_group(backend='gloo')


def _slurm_variables() -> None:
    """Fill in torchrun's variables from those that srun sets for each task."""
    names = dict(RANK='SLURM_PROCID', WORLD_SIZE='SLURM_NTASKS', LOCAL_RANK='SLURM_LOCALID')
    for ours, theirs in names.items():
        if theirs in os.environ:
            os.environ.setdefault(ours, os.environ[theirs])
    if os.environ.get('SLURM_NNODES', '1') == '1':
        os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
