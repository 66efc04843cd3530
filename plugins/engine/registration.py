"""Importing this registers what every config may name: runner, hooks, schedulers, wrappers."""
from .fast_dev_run import FirstSamplesSampler
from .hooks import (
    DisjointPartsHook,
    EarlyStopHook,
    LossLogHook,
    MonitorCheckHook,
    NonFiniteLossHook,
    ProgressHook,
    RunRecordHook,
    SafeCheckpointHook,
    TrainablePhasesHook,
)
from .monitor import Monitor
from .precision import Bf16OptimWrapper, DeferredNormOptimWrapper
from .pretrained import Pretrained
from .runner import TransferRunner
from .schedulers import ReduceLROnPlateau, TimeDecayLR

__all__ = ['Bf16OptimWrapper', 'DeferredNormOptimWrapper', 'DisjointPartsHook', 'EarlyStopHook',
           'FirstSamplesSampler', 'LossLogHook', 'Monitor', 'MonitorCheckHook',
           'NonFiniteLossHook', 'Pretrained', 'ProgressHook', 'ReduceLROnPlateau',
           'RunRecordHook', 'SafeCheckpointHook', 'TimeDecayLR', 'TrainablePhasesHook',
           'TransferRunner']
