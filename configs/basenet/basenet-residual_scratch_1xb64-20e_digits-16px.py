"""Does report B's residual BaseNet read scikit-learn's 1 797 handwritten digits?

Reported: nothing; digits are not in the reports. They are real images that come with scikit-learn,
so a first model can be trained without a download. No flips: a mirrored digit is not a digit.

    python tools/misc/make_sample_data.py data/sample --sets digits
    python tools/train.py configs/basenet/basenet-residual_scratch_1xb64-20e_digits-16px.py
"""
_base_ = [
    '../_base_/models/basenet_residual.py', '../_base_/datasets/digits.py',
    '../_base_/schedules/adam_keras.py', '../_base_/classification_runtime.py'
]
model = dict(
    data_preprocessor=dict(
        input_size=(16, 16),
        train_geometry=[
            dict(type='Resize', size=(16, 16)),
            dict(type='RandomRotation', degrees=10),
            dict(type='RandomShift', width=0.1, height=0.1),
            dict(type='RandomZoom', zoom_range=0.1)],
        eval_geometry=[dict(type='Resize', size=(16, 16))]),
    head=dict(num_classes=10, in_channels=1024))
param_scheduler = [dict(type='CosineAnnealingLR', by_epoch=True, convert_to_iter_based=True)]
train_cfg = dict(max_epochs=20)
default_hooks = dict(normalization=dict(type='FitNormalizationHook'))
