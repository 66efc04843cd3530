"""Does it help to unfreeze EfficientNet-Lite0 step by step, early layers at lower learning rates?

Reported: nothing; report E's E1 has two phases, at one rate. Same as fine-tuning, but the head is
trained alone for 1 epoch, then with the last stages for 2, then the whole network (gradual
unfreezing); the last stages at a tenth of the head's learning rate, the middle ones at 0.03 of it,
the rest at a hundredth (discriminative rates). Source of both: Howard and Ruder, "Universal
Language Model Fine-tuning for Text Classification", 2018; the numbers are ours.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0_gradual_1xb64-5e_flowers-224px.py
"""
_base_ = './efficientnet-lite0_finetune_1xb64-5e_flowers-224px.py'
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),  # the head's
    paramwise_cfg=dict(custom_keys={  # the longest part of a parameter's name counts
        'backbone': dict(lr_mult=0.01),
        'backbone.timm_model.blocks.3': dict(lr_mult=0.03),
        'backbone.timm_model.blocks.4': dict(lr_mult=0.03),
        'backbone.timm_model.blocks.5': dict(lr_mult=0.1),
        'backbone.timm_model.blocks.6': dict(lr_mult=0.1),
        'backbone.timm_model.conv_head': dict(lr_mult=0.1),
        'backbone.timm_model.bn2': dict(lr_mult=0.1)}))
default_hooks = dict(phases=dict(type='TrainablePhasesHook', phases=[
    dict(begin=0, trainable=['head']),
    dict(begin=1, trainable=['head', 'backbone.timm_model.blocks.[56]',
                             'backbone.timm_model.conv_head', 'backbone.timm_model.bn2']),
    dict(begin=3, trainable=None)]))
find_unused_parameters = True  # for the first phases' frozen layers in distributed training
