"""D13: what does a dropout of 0.25 change in D12?

Part Q7; lr 1e-6, decay 1e-3.
Reported (test): loss 0.56724, accuracy 82.86; not overfitted.
Assumed: as D10 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-1024x3-drop_new3_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-512-1024x2_new3_1xb32-100e_flowers-224px.py'
model = dict(head=dict(mid_channels=[1024, 1024, 1024], dropouts=[0., 0., 0., 0.25]))
