"""Row B6's recipe on CIFAR-10: does depth help there, too?

One step of the ladder B1 to B11. Reported: nothing; the report uses 25 classes of CIFAR-100. As
there, each of the 10 classes has 500 images to train and validate on. Ours stands in results.csv.

    python tools/train.py configs/basenet/basenet-deep_scratch_1xb64-25e_cifar10-500-32px.py
"""
_base_ = './basenet-deep_scratch_1xb64-25e_cifar100-25-32px.py'
train_source = dict(
    _delete_=True, type='cifar10', data_root='data/cifar10', split='train', max_per_class=500)
test_source = dict(_delete_=True, type='cifar10', data_root='data/cifar10', split='test')

model = dict(head=dict(num_classes=10))
train_dataloader = dict(dataset=dict(source=train_source))
val_dataloader = dict(dataset=dict(source=train_source))
test_dataloader = dict(dataset=dict(source=test_source))
del train_source, test_source
