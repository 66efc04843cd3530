"""D9: does a dropout of 0.25 keep D8 from overfitting?

Part Q6; lr 1e-6, decay 1e-3.
Reported (test): loss 1.21581, accuracy 78.86; the only model of Q6 whose validation curves follow
the training curves.
Assumed: as D4 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-1024x3-drop_last2_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-512x3-drop_last2_1xb32-100e_flowers-224px.py'
model = dict(head=dict(mid_channels=[1024, 1024, 1024], dropouts=[0., 0., 0., 0.25]))
optim_wrapper = dict(optimizer=dict(lr=1e-6))
