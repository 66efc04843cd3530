"""C8: what does ResNet152 reach on CIFAR-10 from random weights?

Reported (validation): 75, in 41 min for the last 9 epochs, with 12 million parameters; our
model has 58 164 298.
Assumed: CIFAR-10, whose ten class names the report shows; momentum 0.9, no weight decay; a tenth
of the rate after every 10 epochs; batch 128; 224 px, ImageNet's mean and std, no augmentation.
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
The report stops after epoch 21 and resumes for 9 more. To do the same, run the command with
--cfg-options train_cfg.max_epochs=21, then again with --resume.
Per-class accuracy on the training images: tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/resnet/resnet152_scratch_1xb128-30e_cifar10-224px.py
"""
_base_ = [
    '../_base_/models/resnet152.py', '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_step_30e.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=128)
