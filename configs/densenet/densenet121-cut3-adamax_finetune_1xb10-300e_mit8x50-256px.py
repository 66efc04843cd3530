"""E13: does Adamax in small batches, the winner of the report's search, beat E12's Adam?

The search itself: configs/search/densenet121-cut3_optimizer_mit8x50.py.
Reported (validation): accuracy 95.18 at epoch 35; the same values, trained once more, 94.44 at 42.
Assumed: as E12, on `small`; up to 300 epochs; the table's momentum of 1 means none;
the weight decay of 0.3 is added to the gradient, as PyTorch's Adamax does. Keras's takes the rate
times 0.3 off each weight instead: 4 % in 35 epochs of 40 steps.

    python tools/train.py \
        configs/densenet/densenet121-cut3-adamax_finetune_1xb10-300e_mit8x50-256px.py
"""
_base_ = './densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py'
optim_wrapper = dict(optimizer=dict(_base_.keras.Adamax, lr=1e-4, weight_decay=0.3))
train_dataloader = dict(batch_size=10)
train_cfg = dict(max_epochs=300)
auto_scale_lr = dict(base_batch_size=10)
