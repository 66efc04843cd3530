"""Does a hidden layer in the head help, on EfficientNet-Lite0's features of the 8 MIT scenes?

Reported: nothing; report D does this with ResNet50. Same as the linear probe, plus a hidden layer
of 512 units (ReLU) and dropout 0.5 before the classifier.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0-fc512_frozen_1xb64-5e_mit8-224px.py
"""
_base_ = './efficientnet-lite0_frozen_1xb64-5e_mit8-224px.py'
model = dict(head=dict(
    _delete_=True, type='MLPClsHead', num_classes=8, in_channels=1280, mid_channels=[512],
    dropouts=[0., 0.5], loss=dict(type='CrossEntropyLoss')))
