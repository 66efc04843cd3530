"""CIFAR-100, fine labels 0-24 (report B): 12 500 images, a tenth for validation; 2 500 for test."""
train_source = dict(
    type='cifar100', data_root='data/cifar100', split='train', classes=list(range(25)))
test_source = dict(
    type='cifar100', data_root='data/cifar100', split='test', classes=list(range(25)))

train_dataloader = dict(
    batch_size=64,
    num_workers=0,
    dataset=dict(type='ArrayDataset', source=train_source, part='train', val_fraction=0.1),
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='batch_collate'))
val_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type='ArrayDataset', source=train_source, part='val', val_fraction=0.1),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='batch_collate'))
test_dataloader = dict(
    batch_size=256,
    num_workers=0,
    dataset=dict(type='ArrayDataset', source=test_source),
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='batch_collate'))

val_evaluator = dict(type='Accuracy', topk=(1, ))
test_evaluator = [
    dict(type='Accuracy', topk=(1, )),
    dict(type='SingleLabelMetric', items=('precision', 'recall', 'f1-score')),
    dict(type='ConfusionMatrix')]
del train_source, test_source  # copied above; left here, changing them would change nothing
