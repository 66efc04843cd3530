"""A8 to A12: which optimizer, rate, batch size and number of epochs fine-tune ResNet18 best?

The five rows of report A as one search, so that one table compares them; each trial has that
row's config. Reported mCA (test): A8 95.15, A9 95.47, A10 94.57, A11 95.45, A12 95.44. The report
chooses by its test figures; here validation accuracy decides.
To explore further, raise n_trials: the sampler continues after the rows.

    python tools/search.py configs/search/resnet18_cifar10.py
"""
base = '../resnet/resnet18_finetune_1xb64-25e_cifar10-224px.py'
metric = 'accuracy/top1'
space = dict(
    batch=dict(
        type='categorical', values=[32, 64, 128],
        key=['train_dataloader.batch_size', 'auto_scale_lr.base_batch_size']),
    optimizer=dict(type='choices', choices=dict(
        SGD={}, ASGD={'optim_wrapper.optimizer': dict(type='ASGD', lr=0.01)})),
    lr=dict(type='categorical', values=[0.01, 0.001], key='optim_wrapper.optimizer.lr'),
    epochs=dict(type='categorical', values=[25, 15], key='train_cfg.max_epochs'))
enumerated = [
    dict(batch=32, optimizer='SGD', lr=0.01, epochs=25),
    dict(batch=64, optimizer='SGD', lr=0.01, epochs=25),
    dict(batch=64, optimizer='SGD', lr=0.001, epochs=15),
    dict(batch=64, optimizer='ASGD', lr=0.01, epochs=25),
    dict(batch=128, optimizer='SGD', lr=0.01, epochs=25)]
sampler = 'random'
n_trials = 5
