"""D3: does a learning rate that starts ten times as high and falls ten times as fast do better?

Part Q5; lr 1e-5, decay 1e-2, no dropout.
Reported (test): loss 0.86317, accuracy 68.00; overfitted.
Assumed: as D1 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-lr1e-5-decay1e-2_last1_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-lr5e-6-drop_last1_1xb32-100e_flowers-224px.py'
model = dict(head=dict(dropouts=[0.]))
optim_wrapper = dict(optimizer=dict(lr=1e-5))
param_scheduler = [dict(type='TimeDecayLR', decay=1e-2, by_epoch=False)]
