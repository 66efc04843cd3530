"""TensorFlow's flower_photos at 96x96 px."""
_base_ = ['flowers.py']
source = dict(size=(96, 96))

train_dataloader = dict(dataset=dict(source=source))
val_dataloader = dict(dataset=dict(source=source))
test_dataloader = dict(dataset=dict(source=source))
del source
