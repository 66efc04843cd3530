"""B15: does fine-tuning all of ResNet50 beat a classifier on its frozen features?

Reported (test): loss 2.2583, accuracy 44.77. Adam did worse, the report says.
Assumed: as B12; SGD as in B1 (lr 0.01, momentum 0.9, decay 1e-6). BatchNorm's scale and shift
are trainable, but it is in eval mode: its statistics are folded into these weights
(resnet50_flowers.py explains how to use Keras's own file, which has them).

    python tools/train.py configs/resnet/resnet50_finetune_1xb64-10e_cub200-224px.py
"""
_base_ = [
    '../_base_/models/resnet50_cub200.py', '../_base_/datasets/cub200.py',
    '../_base_/schedules/sgd_keras.py', '../_base_/classification_runtime.py'
]
model = dict(trainable=None)
train_cfg = dict(max_epochs=10)
