"""E2: how well does the whole DenseNet121 sort 8 scenes after 50 epochs?

Reported (validation): accuracy 93.18; 7 M parameters.
Assumed: ImageNet weights, all trainable (the report says so for E1 only); Adam at 1e-4, one of the
two rates that its later search tried; batch 32; images at their original 256 px; Keras's BatchNorm
momentum; all 2 688 images (one slide says 2 288). The report validates on the images of our test
split; here a tenth of the training split is used for validation instead.

    python tools/train.py configs/densenet/densenet121_finetune_1xb32-50e_mit8-256px.py
"""
_base_ = [
    '../_base_/models/densenet121_scenes.py', '../_base_/datasets/mit_scenes.py',
    '../_base_/schedules/adam_fine_tune.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=32)
train_cfg = dict(max_epochs=50)
