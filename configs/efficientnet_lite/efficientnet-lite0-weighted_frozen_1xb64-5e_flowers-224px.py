"""Do class weights help a linear layer on EfficientNet-Lite0's features of the 5 kinds of flowers?

Reported: nothing. Same as the linear probe, but an image of a rare kind counts for more: the weight
of a class with n of the N images is N / (5 n), as scikit-learn's ``balanced``, so that all classes
have the same share in the loss. That is for data where the mean accuracy of the classes matters;
flowers are but slightly unbalanced.

    python tools/train.py \
        configs/efficientnet_lite/efficientnet-lite0-weighted_frozen_1xb64-5e_flowers-224px.py
"""
_base_ = './efficientnet-lite0_frozen_1xb64-5e_flowers-224px.py'
# 633, 898, 641, 699 and 799 images; those held out for the test leave 35 fewer, 3495 in all.
model = dict(head=dict(loss=dict(
    type='CrossEntropyLoss', class_weight=[1.1689, 0.81, 1.1535, 1.0527, 0.9149])))
