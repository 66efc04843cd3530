"""E1: what does fine-tuning reach that first trains the new classifier alone, then everything?

Reported (validation): accuracy 91.7, on training images 96.6; 7 M parameters.
Assumed: 30 epochs for the classifier, then 20 for the whole network, at one learning rate;
otherwise as E2.

    python tools/train.py configs/densenet/densenet121_two-phase_1xb32-50e_mit8-256px.py
"""
_base_ = './densenet121_finetune_1xb32-50e_mit8-256px.py'
default_hooks = dict(
    phases=dict(type='TrainablePhasesHook', phases=[
        dict(begin=0, trainable=['head']), dict(begin=30, trainable=None)]),
    feature_cache=dict(type='FeatureCacheHook'))  # for the first phase
find_unused_parameters = True  # for the first phase's frozen layers in distributed training
