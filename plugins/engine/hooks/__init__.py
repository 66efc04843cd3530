"""Hooks that every run uses; configs/_base_/default_runtime.py switches them on."""
from .checkpoint_hook import SafeCheckpointHook
from .progress_hook import ProgressHook
from .run_record_hook import RunRecordHook

__all__ = ['ProgressHook', 'RunRecordHook', 'SafeCheckpointHook']
