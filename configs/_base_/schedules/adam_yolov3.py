"""Adam at a constant 1e-3 and a validation after each epoch; leaf configs say how many epochs."""
optim_wrapper = dict(
    type='DeferredNormOptimWrapper',
    optimizer=dict(type='Adam', lr=1e-3),
    clip_grad=dict(max_norm=35, norm_type=2))  # as in mmdet, whose YOLOv3 losses are batch sums

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=1, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
auto_scale_lr = dict(enable=False, base_batch_size=4)
