"""Hooks: those of every run, see configs/_base_/default_runtime.py, and optional ones."""
from .checkpoint_hook import SafeCheckpointHook
from .disjoint_parts_hook import DisjointPartsHook
from .early_stop_hook import EarlyStopHook
from .loss_log_hook import LossLogHook, NonFiniteLossHook
from .monitor_check_hook import MonitorCheckHook
from .num_classes_hook import NumClassesHook
from .progress_hook import ProgressHook
from .run_record_hook import RunRecordHook
from .trainable_phases_hook import TrainablePhasesHook

__all__ = ['DisjointPartsHook', 'EarlyStopHook', 'LossLogHook', 'MonitorCheckHook',
           'NonFiniteLossHook', 'NumClassesHook', 'ProgressHook', 'RunRecordHook',
           'SafeCheckpointHook', 'TrainablePhasesHook']
