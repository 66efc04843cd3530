"""What training and testing share: the runner, its hooks, the run record, command line rules."""
from .fast_dev_run import FirstSamplesSampler
from .hooks import ProgressHook, RunRecordHook, SafeCheckpointHook
from .precision import Bf16OptimWrapper
from .runner import TransferRunner
from .schedulers import TimeDecayLR

__all__ = ['Bf16OptimWrapper', 'FirstSamplesSampler', 'ProgressHook', 'RunRecordHook',
           'SafeCheckpointHook', 'TimeDecayLR', 'TransferRunner']
