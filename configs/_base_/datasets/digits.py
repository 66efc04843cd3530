"""scikit-learn's handwritten digits as make_sample_data.py lays them out: class folders, 8x8 px."""
_base_ = ['array_dataset.py']
train_source = dict(type='class_folder', data_root='data/sample/digits/train', size=(8, 8))
test_source = dict(type='class_folder', data_root='data/sample/digits/test', size=(8, 8))

train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source))
del train_source, test_source  # already copied; changing them in a leaf would have no effect
