"""Runtime of every detector: mmdet's registries and this project's plugins for them."""
_base_ = './default_runtime.py'

custom_imports = dict(imports=['plugins.detection'], allow_failed_imports=False)
default_scope = 'mmdet'

default_hooks = dict(
    checkpoint=dict(save_best='coco/bbox_mAP_50', rule='greater'),
    visualization=dict(type='DetVisualizationHook', draw=False))
visualizer = dict(
    type='DetLocalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
