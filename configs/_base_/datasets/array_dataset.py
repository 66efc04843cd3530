"""Loaders and metrics of data sets held as one array, without the data.

Configs that inherit this set the source of each loader. A tenth of the training source is used for
validation, so train_dataloader and val_dataloader need the same source.
"""
train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='ArrayDataset', part='train', val_fraction=0.1),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='batch_collate'))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type='ArrayDataset', part='val', val_fraction=0.1),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='batch_collate'))
test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type='ArrayDataset'),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='batch_collate'))

val_evaluator = [dict(type='Accuracy', topk=(1, )), dict(type='MeanLoss')]
# Importing scikit-learn for ClassReport takes a second, so it runs once, at the end.
test_evaluator = [*val_evaluator, dict(type='ClassReport')]
