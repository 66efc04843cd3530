"""D8: are three dense layers of 1024 a better size than D7's, without dropout?

Part Q6; lr 1e-6, decay 1e-3.
Reported (test): loss 0.83125, accuracy 86.29; overfitted.
Assumed: as D4 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-1024x3_last2_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-512x3-drop_last2_1xb32-100e_flowers-224px.py'
model = dict(head=dict(mid_channels=[1024, 1024, 1024], dropouts=[0., 0., 0., 0.]))
optim_wrapper = dict(optimizer=dict(lr=1e-6))
