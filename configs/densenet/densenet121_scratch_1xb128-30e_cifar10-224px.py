"""C10: what does DenseNet121 reach on CIFAR-10 from random weights?

Reported (validation): 95, with 5 million parameters; its log ends after 20 epochs, 85.1 at
the 16th, in 34 min. Our model has 6 964 106.
Assumed: CIFAR-10, whose ten class names the report shows; momentum 0.9, no weight decay; a tenth
of the rate after every 10 epochs; batch 128; 224 px, ImageNet's mean and std, no augmentation.
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run.
Per-class accuracy on the training images: tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/densenet/densenet121_scratch_1xb128-30e_cifar10-224px.py
"""
_base_ = [
    '../_base_/models/densenet121.py', '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_step_30e.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=128)
