"""Start a process group, also on machines without a GPU, and stop its processes together."""
import atexit
import os
import time

import torch
import torch.distributed as torch_dist
from mmengine.dist import init_dist

from .stop_signal import asked


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
        atexit.register(torch_dist.destroy_process_group)
        return
    needed = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
    missing = [name for name in needed if name not in os.environ]
    if missing:
        raise ValueError(f'--launcher {launcher}: {", ".join(missing)} not set. Start with '
                         'tools/dist_train.sh; tools/slurm_train.sh needs GPUs.')
    torch_dist.init_process_group(backend='gloo')
    # Its threads must not outlive Python.
    atexit.register(torch_dist.destroy_process_group)


class StopCheck:
    """The signal for which all processes of a run stop after the same batch.

    A signal reaches them at different batches, but a checkpoint gathers the state of all. About
    once a second they exchange what they got, in CPU memory: no device is waited for.
    """

    def __init__(self) -> None:
        self._group = torch_dist.new_group(backend='gloo') if torch_dist.is_initialized() else None
        self._batches, self._interval, self._since = 0, 1, time.perf_counter()

    def __call__(self, now: bool = False) -> int:
        """The number of the signal, 0 to go on; every process calls this after every batch.

        Args:
            now: Exchange it now, as after a validation.
        """
        if self._group is None:
            return asked()
        self._batches += 1
        if self._batches < self._interval and not now:
            return 0
        per_second = self._batches / max(time.perf_counter() - self._since, 1e-3)
        agreed = torch.tensor([asked(), -int(per_second)])
        torch_dist.all_reduce(agreed, torch_dist.ReduceOp.MAX, group=self._group)
        number, interval = agreed.tolist()
        self._batches, self._interval, self._since = 0, -interval, time.perf_counter()
        return number
