"""What every experiment shares; the two *_runtime.py files add what their task needs."""
runner_type = 'TransferRunner'

default_hooks = dict(
    runtime_info=dict(type='LossLogHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # One best checkpoint, without optimizer state, and one last, saved after its validation.
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Two processes keep BatchNorm statistics of their own; evaluate and save their mean.
    sync_buffers=dict(type='SyncBuffersHook'),
    record=dict(type='RunRecordHook'),
    non_finite_loss=dict(type='NonFiniteLossHook'),
    # No image is in two of train, val and test.
    disjoint_parts=dict(type='DisjointPartsHook'),
    # Everything that watches a metric (best checkpoint, early stop, plateau) finds it, or else
    # the run ends before its first epoch.
    monitor_check=dict(type='MonitorCheckHook'),
    progress=dict(type='ProgressHook'))

env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))

randomness = dict(seed=0, deterministic=False)
log_processor = dict(window_size=50)
log_level = 'INFO'
load_from = None
resume = False
find_unused_parameters = False
channels_last = False  # --amp sets it
