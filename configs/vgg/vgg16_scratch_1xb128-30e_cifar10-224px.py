"""C4: what does VGG16 reach on CIFAR-10 from random weights?

Reported (validation): 94, in 1 h 37; its log begins at 14.8 % and shows 76.6 at epoch 21.
Assumed: CIFAR-10, whose ten class names the report shows; momentum 0.9, no weight decay; a tenth
of the rate after every 10 epochs; batch 128; 224 px, ImageNet's mean and std, no augmentation.
Without BatchNorm this rate and momentum may well diverge; the report's own setting is kept. If
the loss stays at 2.30 or becomes nan, try --cfg-options optim_wrapper.optimizer.momentum=0.
A tenth of the training files is for validation: see "Validation" in configs/alexnet/README.md.
--resume continues a stopped run.
Per-class accuracy on the training images: tools/test.py CONFIG CHECKPOINT --part train.

    python tools/train.py configs/vgg/vgg16_scratch_1xb128-30e_cifar10-224px.py
"""
_base_ = [
    '../_base_/models/vgg16.py', '../_base_/datasets/cifar10.py',
    '../_base_/schedules/sgd_step_30e.py', '../_base_/classification_runtime.py'
]
train_dataloader = dict(batch_size=128)
