"""Runtime of every classifier: mmpretrain's registries and this project's plugins for them."""
_base_ = './default_runtime.py'

custom_imports = dict(imports=['plugins.classification'], allow_failed_imports=False)
default_scope = 'mmpretrain'

default_hooks = dict(
    checkpoint=dict(save_best='accuracy/top1', rule='greater'),
    visualization=dict(type='VisualizationHook', enable=False))
visualizer = dict(
    type='UniversalVisualizer',
    vis_backends=[dict(type='LocalVisBackend'), dict(type='TensorboardVisBackend')])
