"""D7: do dense layers of twice D6's widths classify better?

Part Q6; lr 1e-6, decay 1e-3, dropout 0.25.
Reported (test): loss 0.85349, accuracy 86.86; its validation curves drift slightly from the
training curves.
Assumed: as D4 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-1024-2048x2-drop_last2_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-512x3-drop_last2_1xb32-100e_flowers-224px.py'
model = dict(head=dict(mid_channels=[1024, 2048, 2048], dropouts=[0., 0., 0., 0.25]))
optim_wrapper = dict(optimizer=dict(lr=1e-6))
