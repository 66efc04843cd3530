"""C6: what does Inception v3 reach on CIFAR-10 from random weights?

Reported (validation): 92; the report calls it GoogleNet with 4 million parameters but trains
Inception v3, which has 21 806 058 here.
Assumed: CIFAR-10, whose ten class names the report shows; momentum 0.9, no weight decay; a tenth
of the rate after every 10 epochs; batch 128; 299 px, inputs from -1 to 1, no augmentation. No
auxiliary classifier.
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run.
Per-class accuracy on the training images: tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/inception_v3/inception_v3_scratch_1xb128-30e_cifar10-299px.py
"""
_base_ = [
    '../_base_/models/inception_v3.py', '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_step_30e.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=128)
