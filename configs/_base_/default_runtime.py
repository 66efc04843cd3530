"""What every experiment shares; the two *_runtime.py files add what their task needs."""
runner_type = 'TransferRunner'

default_hooks = dict(
    runtime_info=dict(type='LossLogHook'),
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # Keeps the best checkpoint, without optimizer state, and the last, saved after validation.
    checkpoint=dict(type='SafeCheckpointHook', interval=1, max_keep_ckpts=1),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    # Each process has its own BatchNorm statistics; their mean is evaluated and saved.
    sync_buffers=dict(type='SyncBuffersHook'),
    record=dict(type='RunRecordHook'),
    non_finite_loss=dict(type='NonFiniteLossHook'),
    # Checks that train, val and test share no image.
    disjoint_parts=dict(type='DisjointPartsHook'),
    # Checks that head, data and checkpoint have the same classes.
    num_classes=dict(type='NumClassesHook'),
    # Stops the run before its first epoch if a metric that is monitored (for the best checkpoint,
    # early stopping or the plateau schedule) does not exist.
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
channels_last = None  # where it is faster, see plugins/engine/precision.py
