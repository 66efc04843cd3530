"""Start a process group, also on machines without a GPU, and stop its processes together."""
import atexit
import os
from collections.abc import Callable
from subprocess import getoutput
from typing import Any

import torch
import torch.distributed as torch_dist
from mmengine.dist import broadcast_object_list, init_dist, is_main_process
from mmengine.logging import print_log

from .stop_signal import asked


def init_distributed(launcher: str, dist_cfg: dict) -> None:
    """Join the launcher's process group; does nothing for ``none``.

    mmengine needs a GPU for every process. Without GPUs the group is created here with gloo,
    before the Runner is built, which then uses it.

    Args:
        launcher: none, pytorch, slurm or mpi; without GPUs, and but for slurm, it must set RANK,
            WORLD_SIZE, MASTER_ADDR and MASTER_PORT, as torchrun does.
        dist_cfg: ``env_cfg.dist_cfg`` of the config; used with GPUs.

    Raises:
        ValueError: One of these variables is missing.
    """
    if launcher == 'none' or torch_dist.is_initialized():
        return
    if torch.cuda.is_available():
        init_dist(launcher, **dist_cfg)
    else:
        if launcher == 'slurm' and 'SLURM_PROCID' in os.environ:  # as mmengine with GPUs
            first = getoutput(f'scontrol show hostname {os.environ["SLURM_NODELIST"]} | head -n1')
            os.environ |= dict(MASTER_ADDR=first, MASTER_PORT='29500') | os.environ | dict(
                RANK=os.environ['SLURM_PROCID'], WORLD_SIZE=os.environ['SLURM_NTASKS'])
        missing = [name for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT')
                   if name not in os.environ]
        if missing:
            raise ValueError(f'--launcher {launcher}: {", ".join(missing)} not set. Start with '
                             'tools/dist_train.sh or tools/slurm_train.sh.')
        torch_dist.init_process_group(backend='gloo')
    atexit.register(torch_dist.destroy_process_group)  # its threads must not outlive Python


def by_main(action: Callable[[], Any]) -> Any:
    """Call a function in the main process and return its result in all processes.

    Raises:
        OSError, ValueError: In all processes, if the main process raises it.
    """
    outcome: list[Any] = [None, None]
    if is_main_process():
        try:
            outcome[0] = action()
        except (OSError, ValueError) as error:
            outcome[1] = error
    broadcast_object_list(outcome)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


def say(text: str) -> None:
    """Log a text, and print it in the main process, as the runner's console shows only warnings."""
    print_log(text, 'current')
    if is_main_process():
        print(text)


class StopCheck:
    """The signal for which all processes of a run stop after the same batch.

    A signal reaches them at different batches, but a checkpoint gathers the state of all. So they
    exchange it, in CPU memory and while the next batch is trained, for which nothing has to wait.
    """

    def __init__(self) -> None:
        self._group = torch_dist.new_group(backend='gloo') if torch_dist.is_initialized() else None
        self._exchange: torch_dist.Work | None = None

    def __call__(self) -> int:
        """The number of the signal, 0 to go on; every process calls this after every batch."""
        if self._group is None:
            return asked()
        number = 0
        if self._exchange:
            self._exchange.wait()
            number = int(self._largest)
        self._largest = torch.tensor(asked())
        self._exchange = torch_dist.all_reduce(
            self._largest, torch_dist.ReduceOp.MAX, group=self._group, async_op=True)
        return number
