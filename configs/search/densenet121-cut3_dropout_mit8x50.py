"""E12: how much dropout in front of the classifier, beside BatchNorm and augmentation?

The report's grid. Its winner, 0.5 with validation accuracy 91.5, is the same config as E12.
Assumed: the other values of the grid, which the report does not give.

    python tools/search.py configs/search/densenet121-cut3_dropout_mit8x50.py
"""
base = '../densenet/densenet121-cut3-reg_finetune_1xb32-250e_mit8x50-256px.py'
metric = 'accuracy/top1'
space = dict(dropout=dict(
    type='categorical', values=[0., 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7],
    key='model.head.dropouts.0'))
