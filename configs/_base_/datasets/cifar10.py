"""CIFAR-10: 50 000 training images, a tenth of them for validation; 10 000 test images."""
train_source = dict(type='cifar10', data_root='data/cifar10', split='train')
test_source = dict(type='cifar10', data_root='data/cifar10', split='test')

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
