"""D14: is the largest head the best on a new stage 5 as well?

Part Q7; lr 1e-6, decay 1e-3, dropout 0.25.
Reported (test): loss 0.42535, accuracy 88.57, the best of the report; a little overfitted.
Assumed: as D10 (35 images per class held out as the test part).

    python tools/train.py configs/resnet/resnet50-1024-2048x2-drop_new3_1xb32-100e_flowers-224px.py
"""
_base_ = './resnet50-512-1024x2_new3_1xb32-100e_flowers-224px.py'
model = dict(head=dict(mid_channels=[1024, 2048, 2048], dropouts=[0., 0., 0., 0.25]))
