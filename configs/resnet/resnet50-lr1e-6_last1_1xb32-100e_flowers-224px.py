"""D2: what does D1 lose without dropout, at a fifth of its learning rate?

Part Q5; lr 1e-6, decay 1e-3.
Reported (test): loss 1.26781, accuracy 70.86; overfitted.
Assumed: as D1 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-lr1e-6_last1_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-lr5e-6-drop_last1_1xb32-100e_flowers-224px.py'
model = dict(head=dict(dropouts=[0.]))
optim_wrapper = dict(optimizer=dict(lr=1e-6))
